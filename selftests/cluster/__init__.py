"""Proof that needs a real cluster."""
