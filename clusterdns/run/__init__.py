"""One run of the suite from start to the last trace removed: identity, ledger, lease, clean-up."""
