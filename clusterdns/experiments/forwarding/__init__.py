"""Forwarding to upstreams: to servers of ours, and to those of the cluster."""
