"""Faults on purpose: each is put into a cluster, must be found, and is taken out again."""
