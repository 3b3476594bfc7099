"""What follows from the configuration: pod modes, TTL, no cache, autopath."""
