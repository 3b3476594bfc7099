"""Reloads of the Corefile: valid ones, refused ones, and one of the cluster's own."""
