"""What the real CoreDNS says of the collection of Corefiles, recorded once and held against."""
