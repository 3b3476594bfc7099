"""The testbed of a run: the cluster, our namespaces in it, and a probe pod on each node."""
