"""Clauses, and what covers them."""
