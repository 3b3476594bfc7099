"""Self-tests of how everybody is asked, without a cluster."""
