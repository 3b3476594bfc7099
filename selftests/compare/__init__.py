"""Self-tests of the comparison: two answers field by field, and two runs."""
