"""From raw files of any shape to clean events: mapping, checks, duplicates, and why not."""
