"""What serves DNS in this cluster, as the API and its own pages show it."""
