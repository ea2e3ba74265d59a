"""A seeded shop with planted truth, written as raw files."""
