"""Groups of features that describe the loop as a whole, not a record."""
