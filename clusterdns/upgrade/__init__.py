"""Before an upgrade of cluster DNS: what the target would refuse, undo, or answer differently."""
