"""What CoreDNS reports about its work: metrics, log and errors."""
