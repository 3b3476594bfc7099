"""Every rule must catch its lie, and let the honest pass: no cluster is needed."""
