"""What programs in pods find: resolv.conf, search lists, and the lookups of C libraries."""
