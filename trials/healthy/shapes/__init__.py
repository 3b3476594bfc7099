"""A kind cluster turned into the shapes that distributions give cluster DNS, and back."""
