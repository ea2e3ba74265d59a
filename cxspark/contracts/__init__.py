"""What every room agrees on: errors, settings, tables and the checks that hold them."""
