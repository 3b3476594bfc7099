"""Causes, one file per layer; every file here is read (see finding.all_causes)."""
