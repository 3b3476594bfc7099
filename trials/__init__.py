"""Trials: what we do to clusters to prove the suite."""
