"""Users and items as vectors whose products say what a user would take."""
