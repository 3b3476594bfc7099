"""The workloads of caches on the nodes: how many run, and where they send which names.

NodeLocal DNSCache (kubernetes/kubernetes cluster/addons/dns/nodelocaldns) writes the addresses of
its option -upstreamsvc where its Corefile has __PILLAR__CLUSTER__DNS__.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from clusterdns.cluster import Cluster, Manifest
from clusterdns.corefile import CorefileError, Reading, parse
from clusterdns.inventory.arguments import value_of, words_of
from clusterdns.inventory.mounts import data_of, sources_of
from clusterdns.inventory.node_local import local_ips, named_by
from clusterdns.inventory.told import ips_of

PILLAR = "__PILLAR__CLUSTER__DNS__"


@dataclass(frozen=True)
class Sent:
    """A zone of a cache's Corefile, and one whom the cache asks for its names."""

    zone: str  # with its final dot; "." is all that no other has
    to: str  # as written
    over_tcp: bool = False  # and never otherwise
    service: str = ""  # namespace/name, where it is the address of a Service
    ports: tuple[str, ...] = ()  # of this Service, such as 53/UDP


@dataclass(frozen=True)
class CacheWorkload:
    """A DaemonSet whose pods listen on addresses of the nodes that pods are told."""

    namespace: str
    name: str
    addresses: tuple[str, ...]
    wanted: int  # pods
    ready: int
    node_selector: Mapping[str, str] = field(default_factory=dict)
    config_map: str = ""  # that of its Corefile, in the same namespace
    sent: tuple[Sent, ...] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "CacheWorkload":
        """One that was written as JSON."""
        sent = tuple(
            Sent(**{**one, "ports": tuple(one.get("ports", ()))})
            for one in document.get("sent", ())
        )
        return cls(**{**document, "addresses": tuple(document["addresses"]), "sent": sent})


def cache_workloads(cluster: Cluster, told: Collection[str]) -> tuple[CacheWorkload, ...]:
    """The DaemonSets that listen on one of these addresses; none is looked for without any.

    Raises kubernetes.client.ApiException as the API server answers.
    """
    if not told:
        return ()
    services: dict[str, Manifest] = {
        ip: service for service in cluster.list("Service") for ip in ips_of(service)
    }
    found = []
    for daemon in cluster.list("DaemonSet"):
        if daemon["spec"]["template"]["spec"].get("hostNetwork"):
            one = _workload(cluster, daemon, services)
            found += [one] if set(one.addresses) & set(told) else []
    return tuple(found)


def _workload(
    cluster: Cluster, daemon: Manifest, services: Mapping[str, Manifest]
) -> CacheWorkload:
    meta, spec = daemon["metadata"], daemon["spec"]["template"]["spec"]
    words = [words_of(each) for each in spec.get("containers") or []]
    texts = dict(_corefiles(cluster, meta["namespace"], spec))
    own = [ip for each in words for ip in local_ips(each)]
    own += [ip for text in texts.values() for ip in named_by("bind", text)]
    upstream = next((name for each in words if (name := value_of(each, "upstreamsvc"))), "")
    status = daemon.get("status", {})
    return CacheWorkload(
        meta["namespace"],
        meta["name"],
        tuple(dict.fromkeys(own)),
        int(status.get("desiredNumberScheduled", 0)),
        int(status.get("numberReady", 0)),
        dict(spec.get("nodeSelector") or {}),
        next(iter(texts), ""),
        tuple(
            one
            for text in texts.values()
            for one in _sent(text, services, f"{meta['namespace']}/{upstream}")
        ),
    )


def _corefiles(cluster: Cluster, place: str, spec: Manifest) -> Iterator[tuple[str, str]]:
    """The texts that such a pod mounts and that listen somewhere, by the ConfigMap's name."""
    for volume in spec.get("volumes") or []:
        for source in sources_of(volume):
            for text in (data_of(cluster, place, source) or {}).values():
                if any(named_by("bind", text)) or PILLAR in text:
                    yield source.name, text


def _sent(text: str, services: Mapping[str, Manifest], upstream: str) -> Iterator[Sent]:
    try:
        reading = Reading(parse(text))
    except CorefileError:
        return
    for block in reading.blocks:
        for zone in block.zones:
            for one in reading.forwards(zone):
                for to in one.to:
                    yield _sent_to(zone, to, one.force_tcp, services, upstream)


def _sent_to(
    zone: str, to: str, over_tcp: bool, services: Mapping[str, Manifest], upstream: str
) -> Sent:
    named = [s for s in services.values() if to == PILLAR and _name(s) == upstream]
    service = next(iter(named), None) or services.get(_bare(to))
    if service is None:
        return Sent(zone, to, over_tcp)
    ports: Sequence[Manifest] = service["spec"].get("ports") or []
    shown = tuple(f"{p['port']}/{p.get('protocol', 'TCP')}" for p in ports)
    return Sent(zone, to, over_tcp, _name(service), shown)


def _name(service: Manifest) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _bare(to: str) -> str:
    """The address alone, as a Service has it; as written where it is none."""
    try:
        return str(ip_address(to))
    except ValueError:
        return to
