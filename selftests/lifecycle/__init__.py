"""Proof of the run's life: ledger, state files, lease, clean-up, signals, bad input."""
