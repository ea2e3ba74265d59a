"""Column -> Column: small expressions that several rooms share."""
