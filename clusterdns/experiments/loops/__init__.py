"""Forwarding loops: made on purpose, and looked for in the cluster's own DNS."""
