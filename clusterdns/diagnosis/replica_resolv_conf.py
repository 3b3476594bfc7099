"""Whom the replicas' own resolv.conf names: what dnsPolicy and dnsConfig make of the node's.

A replica that forwards to /etc/resolv.conf asks these (Kubernetes, "Pod's DNS Policy").
"""

from collections.abc import Iterable, Mapping

from clusterdns.cluster import Manifest
from clusterdns.resolvconf import ResolvConf

OF_PODS = "of the replicas' pods"


def nameservers(
    spec: Manifest, of_nodes: Mapping[str, ResolvConf], cluster_dns: Iterable[str]
) -> dict[str, str]:
    """The nameservers that a pod of this spec is given: address, and where it stands.

    ``of_nodes``: resolv.conf of the nodes that it may run on. ``cluster_dns``: what pods of the
    default policy are told.
    """
    policy = spec.get("dnsPolicy", "Default")  # the API server always says one
    found: dict[str, str] = {}
    if policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        for node, conf in of_nodes.items():
            for address in conf.nameservers:
                found.setdefault(address, f"resolv.conf of {node}")
    elif policy in ("ClusterFirst", "ClusterFirstWithHostNet"):
        found = dict.fromkeys(cluster_dns, f"dnsPolicy {policy} {OF_PODS}")
    for address in (spec.get("dnsConfig") or {}).get("nameservers") or ():
        found.setdefault(address, f"dnsConfig {OF_PODS}")
    return found
