"""The API server is lost and comes back, or comes late: what CoreDNS does meanwhile."""
