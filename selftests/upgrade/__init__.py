"""Before an upgrade: each judgement proved, and kubeadm's decision held against its own library."""
