"""Families of faults, a file for each place; whatever is here is found."""
