"""Users near a user, and what they have that she hasn't."""
