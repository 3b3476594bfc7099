"""What pods are told to ask, and which Service that makes the cluster's DNS."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.inventory.dns_objects import OURS, in_kube_system, is_labelled

DNS_PORT = 53
UPSTREAM = "-upstream"  # kube-dns-upstream: the Service that node-local caches ask, and nobody else


@dataclass(frozen=True)
class Told:
    """The nameservers in resolv.conf of ClusterFirst pods, and what these said to one question.

    Only who is not the Service that was expected is asked: both mappings are empty where all pods
    are told that one.
    """

    by_node: Mapping[str, Sequence[str]] = field(default_factory=dict)
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # at all, by node
    knows: Mapping[str, Sequence[str]] = field(default_factory=dict)  # where the API server is

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that pods of some node are told, in order, each once."""
        return tuple(sorted({ip for told in self.by_node.values() for ip in told}))

    def nodes_told(self, ips: Iterable[str]) -> frozenset[str]:
        """The nodes of which pods are told one of these addresses."""
        return frozenset(n for n, told in self.by_node.items() if set(told) & set(ips))

    def nodes_served(self, ips: Iterable[str]) -> frozenset[str]:
        """The nodes on which one of these addresses knows the names of the cluster."""
        return frozenset(n for n, known in self.knows.items() if set(known) & set(ips))

    @property
    def answering(self) -> tuple[str, ...]:
        """The told addresses that answer the pods that are told them, at least on one node."""
        found = {ip for n, told in self.by_node.items() for ip in told if ip in self._answers(n)}
        return tuple(sorted(found))

    def _answers(self, node: str) -> Sequence[str]:
        return self.answers.get(node, ())


def ips_of(service: Manifest) -> tuple[str, ...]:
    """The cluster IPs of a Service, the first one first; none of a headless one."""
    spec = service["spec"]
    ips = spec.get("clusterIPs") or [spec.get("clusterIP", "")]
    return tuple(ip for ip in ips if ip and ip != "None")


def is_for_dns(service: Manifest) -> bool:
    """Whether a Service has a cluster IP and port 53, and is none that a run made."""
    ports = service["spec"].get("ports") or []
    ours = OURS in (service["metadata"].get("labels") or {})
    return bool(ips_of(service)) and not ours and any(p["port"] == DNS_PORT for p in ports)


def choose_service(
    services: Sequence[Manifest], told: Told, *, may_be_unlabelled: bool = True
) -> Manifest | None:
    """The Service that is the cluster's DNS: the one that pods are told to ask.

    Names and labels decide where nothing is told, or where nobody has the told address:
    ``may_be_unlabelled`` allows one then that has nothing but "dns" in its name. A Service that
    pods are told and that does not know the cluster's names gives way to a known name that does.
    """
    named = by_name(services)
    candidates = [s for s in services if is_for_dns(s) or s is named]
    asked = [s for s in candidates if told.nodes_told(ips_of(s))]

    def votes(service: Manifest) -> tuple[int, int, bool]:
        nodes = told.nodes_told(ips_of(service))
        return len(nodes & told.nodes_served(ips_of(service))), len(nodes), service is named

    best = max(asked, key=votes, default=None)
    if best is not None and (votes(best)[0] or named is None or not _serves(told, named)):
        return best
    if named is not None:
        return named
    if told.by_node:  # who is not told, and has no name either, must prove it
        serving = [s for s in candidates if _serves(told, s)]
        return min(serving, key=_rank, default=None)
    guessed = filter(_has_dns_in_its_name, candidates) if may_be_unlabelled else ()
    return min(guessed, key=_rank, default=None)


def by_name(services: Iterable[Manifest]) -> Manifest | None:
    """The Service of the name kube-system/kube-dns, else the one that wears the label."""
    with_ip = [s for s in services if ips_of(s)]
    named = [s for s in with_ip if in_kube_system(s, "kube-dns")]
    labelled = sorted(filter(is_labelled, with_ip), key=_rank)
    return next(iter([*named, *labelled]), None)


def _serves(told: Told, service: Manifest) -> bool:
    return bool(told.nodes_served(ips_of(service)))


def _has_dns_in_its_name(service: Manifest) -> bool:
    ports = service["spec"].get("ports") or []
    udp = any((p.get("protocol"), p["port"]) == ("UDP", DNS_PORT) for p in ports)
    return bool("dns" in service["metadata"]["name"] and service["spec"].get("selector") and udp)


def _rank(service: Manifest) -> tuple[bool, bool, str]:
    meta = service["metadata"]
    return meta["name"].endswith(UPSTREAM), meta["namespace"] != "kube-system", meta["name"]
