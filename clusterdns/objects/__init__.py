"""What a run makes in the cluster, as values with names and expected records."""
