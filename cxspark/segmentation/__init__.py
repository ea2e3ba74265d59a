"""Customers in groups, and what each of them is worth."""
