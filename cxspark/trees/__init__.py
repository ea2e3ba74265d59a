"""What tells customers apart: features by gain ratio, and decision trees that can be read."""
