"""Options of the forward plugin: policy, transport, limits."""
