"""From events to the user-item matrix and its integer dictionaries."""
