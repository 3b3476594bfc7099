"""Where cluster DNS is: the names of its objects, as kubeadm has them or as others do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DnsObjects:
    """The objects that serve DNS, by name; all of them live in one namespace."""

    namespace: str = "kube-system"
    service: str = "kube-dns"
    config_map: str = "coredns"  # that of the Corefile
    labels: str = "k8s-app=kube-dns"  # of the replicas, as a selector
    port: int = 53  # where the replicas listen
    on_host: bool = False  # whether the replicas use the nodes' own network


KUBEADM = DnsObjects()
