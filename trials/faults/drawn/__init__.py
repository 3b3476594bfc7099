"""Faults that nobody wrote: drawn from a grammar, with the truth known by construction."""
