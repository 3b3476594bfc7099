"""Gather the facts: everything at once, under one deadline, before anything is cleaned up.

What cannot be had in time or is refused is left out, and ``Facts.missing`` says why.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clusterdns.cluster import Cluster, Manifest
from clusterdns.diagnosis.api_facts import (
    API_SERVICE_LABEL,
    api_service,
    endpoints_of,
    in_pod_ranges,
    mutators_of_pods,
    node_confs,
    owners,
    owners_of_dns,
    pods_with,
    probe_ips,
    rights_of_replicas,
    roles_for_dns,
    says_something,
    slim,
    told,
    whole_log,
)
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.looks import Aims, ask, far_queries, merged, near_queries, touch
from clusterdns.diagnosis.rows import Contact, PathLoss, Talk, Trouble
from clusterdns.diagnosis.work import Work
from clusterdns.inventory.cache_workloads import cache_workloads
from clusterdns.inventory.inventory import Inventory, take_inventory
from clusterdns.inventory.node_local import NODE_LOCAL
from clusterdns.inventory.owner_places import Owner
from clusterdns.inventory.promises import promises
from clusterdns.inventory.replica_pages import SERVED_BY, port_of
from clusterdns.inventory.shadowed import outside_zones, shadowed
from clusterdns.matrix.losses import Losses
from clusterdns.resolvconf import ResolvConf
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed.rewritten import rewritten_probes
from clusterdns.testbed.testbed import DEFAULT_DOMAIN, Testbed

DEADLINE_S = 8.0  # for all of it; 4 s of it are looks, the rest is a slow API server
REQUEST_S = 3.0  # for one request to the API server
FALLBACK = "dns-conformance.invalid."  # RFC 6761 6.4: denied by whoever is asked in earnest


@dataclass(frozen=True)
class Sources:
    """What there is to gather from; a run that failed early has not all of it."""

    cluster: Cluster
    inventory: Inventory
    troubles: Sequence[Trouble]
    testbed: Testbed | None = None
    losses: Losses | None = None
    outside: str = ""  # an absolute name outside the cluster that must resolve; "" if none is known


def gather(sources: Sources, deadline_s: float = DEADLINE_S) -> Facts:
    """All facts, within the deadline. Raises nothing that a cluster can cause."""
    work = Work(time.monotonic() + deadline_s, {})
    cluster = replace(sources.cluster.hurried(), deadline=REQUEST_S)
    try:
        return _gathered(sources, cluster, work)
    finally:
        work.end()


def _gathered(sources: Sources, cluster: Cluster, work: Work) -> Facts:
    testbed = sources.testbed
    namespaces = own_namespaces(testbed)
    work.start("inventory", take_inventory, cluster, sources.inventory.told)
    work.start("services", cluster.list, "Service")
    work.start("api_slices", cluster.list, "EndpointSlice", "default", API_SERVICE_LABEL)
    work.start("kube_proxies", cluster.list, "Pod", None, "k8s-app=kube-proxy")
    work.start("node_local", cluster.list, "Pod", None, NODE_LOCAL)
    work.start("caches", cache_workloads, cluster, sources.inventory.unowned)
    work.start("rights", rights_of_replicas, cluster, sources.inventory)
    work.start("cluster_roles", roles_for_dns, cluster, sources.inventory)
    work.start("mutators", mutators_of_pods, cluster)
    if testbed is not None and testbed.probes:
        work.start("rewritten", rewritten_probes, testbed.workspace)
    work.start("owned", owners_of_dns, cluster, sources.inventory)
    work.start("node_confs", node_confs, cluster, namespaces[:1])
    places = list(dict.fromkeys([sources.inventory.namespace, *namespaces]))
    for place in places:
        work.start(f"policies in {place}", cluster.list, "NetworkPolicy", place)
        work.start(f"events in {place}", cluster.list, "Event", place)
    inventory: Inventory = work.get("inventory", sources.inventory)
    for pod in inventory.pods:
        work.start(f"log of {pod['metadata']['name']}", whole_log, cluster, pod)
    if testbed is not None:
        work.start("probe_ips", probe_ips, cluster, testbed)
    services: list[Manifest] | None = work.get("services", None)
    confs: Mapping[str, ResolvConf] | None = work.get("node_confs", None)
    addresses: Mapping[str, str] = work.get("probe_ips", {})
    slices = tuple(work.get("api_slices", list[Manifest]()))
    facts = Facts(
        context=cluster.context,
        domain=testbed.domain if testbed else DEFAULT_DOMAIN,
        inventory=inventory,
        namespaces=tuple(namespaces),
        troubles=tuple(sources.troubles),
        resolv_confs=dict(testbed.resolv_confs) if testbed else {},
        node_confs=confs,
        unprobed=dict(testbed.unprobed) if testbed else {},
        paths=tuple(path_losses(sources.losses)) if sources.losses else (),
        services=None if services is None else owners(services),
        hidden_names=tuple(shadowed(services or [], outside_zones(inventory.reading))),
        api_service=api_service(services or []),
        api_slices=slices,
        probe_ips=addresses,
    )
    for address in in_pod_ranges(facts.upstreams, inventory.nodes):
        work.start(f"pods at {address}", pods_with, cluster, address)
    if testbed is not None:
        aims = aims_of(facts, testbed, sources.outside)
        for node, probe in testbed.probes.items():
            work.start(f"talks from {node}", ask, probe, near_queries(aims, node))
            work.start(f"far talks from {node}", ask, probe, far_queries(aims, node))
            work.start(f"contacts from {node}", touch, probe, aims_without(aims, node))
    return with_late_facts(facts, inventory, places, work)


def with_late_facts(facts: Facts, inventory: Inventory, places: Iterable[str], work: Work) -> Facts:
    """What takes longest is awaited last."""
    nothing: tuple[list[Contact], dict[str, dict[str, float]]] = ([], {})
    touched = [work.get(name, nothing) for name in work.named("contacts from ")]
    asked = [*work.named("talks from "), *work.named("far talks from ")]
    talks = [t for name in asked for t in work.get(name, list[Talk]())]
    names = [str(pod["metadata"]["name"]) for pod in inventory.pods]
    policies = [work.get(f"policies in {place}", list[Manifest]()) for place in places]
    events = [e for place in places for e in work.get(f"events in {place}", list[Manifest]())]
    proxies: list[Manifest] | None = work.get("kube_proxies", None)
    local: list[Manifest] | None = work.get("node_local", None)
    pods_at = {
        name.removeprefix("pods at "): f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for name in work.named("pods at ")
        for pod in work.get(name, list[Manifest]())
    }
    return replace(
        facts,
        talks=tuple(talks),
        pods_at=pods_at,
        contacts=tuple(contact for contacts, _ in touched for contact in contacts),
        metrics=merged(metrics for _, metrics in touched),
        events=tuple(told(event) for event in events if says_something(event, names)),
        logs={name: work.get(f"log of {name}", "") for name in names},
        rights=work.get("rights", None),
        cluster_roles=work.get("cluster_roles", None),
        rewritten=tuple(work.get("rewritten", list[str]())),
        mutators=work.get("mutators", None),
        owned=work.get("owned", dict[str, Owner]()),
        kube_proxies=None if proxies is None else tuple(map(slim, proxies)),
        node_local=None if local is None else tuple(map(slim, local)),
        caches=work.get("caches", ()),
        policies=tuple(policy for found in policies for policy in found),
        missing=dict(work.missing),
    )


def own_namespaces(testbed: Testbed | None) -> list[str]:
    """The namespaces that the run made or was given."""
    if testbed is None:
        return []
    workspace = testbed.workspace
    return [ns for ns in (workspace.namespace, workspace.second_namespace) if ns]


def aims_of(facts: Facts, testbed: Testbed, outside: str) -> Aims:
    """Whom to look at, by what is known so far."""
    inventory = facts.inventory
    nodes = [f"{node['metadata']['name']}." for node in inventory.nodes]
    outside = outside or next(iter(nodes), FALLBACK)
    spec = (facts.api_service or {}).get("spec", {})
    told = {node: conf.nameservers for node, conf in facts.resolv_confs.items()}
    suffixes = {
        suffix
        for node, conf in facts.resolv_confs.items()
        if node in testbed.probes
        for suffix in conf.host_search(testbed.probes[node].namespace, facts.domain)
        if suffix != "."
    }
    services = inventory.services or tuple(s for s in testbed.servers if s.node == "")
    return Aims(
        domain=facts.domain,
        services=services,
        replicas=inventory.replicas,
        told=told,
        suffixes=sorted(suffixes),
        outside=outside,
        upstreams=list(facts.upstreams),
        stubs=stubs_of(facts),
        api_services=[(spec["clusterIP"], 443)] if spec.get("clusterIP") else [],
        api_endpoints=endpoints_of(facts.api_slices),
        probe_ips=dict(facts.probe_ips),
        ports={path: port_of(inventory, path) for path in SERVED_BY},
    )


def stubs_of(facts: Facts) -> list[tuple[str, str, int]]:
    """The servers of the stub zones, where a check of these failed."""
    if facts.reading is None or not facts.failed_about("stub-zones"):
        return []
    inventory, zone = facts.inventory, f"{facts.domain}."
    return [
        (one.question.name, upstream.address, upstream.port)
        for one in promises(facts.reading, inventory.files, inventory.corefile_path, zone)
        for upstream in one.upstreams
        if not upstream.tls
    ]


def aims_without(aims: Aims, node: str) -> Aims:
    """What the probe of a node is to reach: all aims but itself."""
    others = {name: ip for name, ip in aims.probe_ips.items() if name != node}
    return replace(aims, probe_ips=others)


def path_losses(losses: Losses) -> Iterable[PathLoss]:
    """The numbers of each path."""
    for path, record in losses.paths.items():
        yield PathLoss(
            node=path.node,
            server=path.server,
            transport=path.transport,
            sent=record.sent,
            lost=record.lost,
            late=len(record.late_rounds),
            improbable=record.improbable,
            improbably_late=record.improbably_late,
        )


_WHY = "after a failure: what its cause is"
_PLACES = ("kube-system", PLACES.main, PLACES.second)
declare(
    *(PlannedObject("", "Event", place, "*", verbs=("list",), why=_WHY) for place in _PLACES),
    *(
        PlannedObject("networking.k8s.io", "NetworkPolicy", place, "*", verbs=("list",), why=_WHY)
        for place in _PLACES
    ),
    PlannedObject(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        None,
        "*",
        verbs=("list",),
        why="after a failure: who may have changed a pod",
    ),
    PlannedObject(
        "discovery.k8s.io", "EndpointSlice", "default", "kubernetes", verbs=("list",), why=_WHY
    ),
    PlannedObject("", "Pod", None, "k8s-app=kube-proxy", verbs=("list",), why=_WHY),
    PlannedObject("", "Pod", None, "of an upstream", verbs=("list",), why=_WHY),
    PlannedObject("", "Pod/log", "kube-system", "of cluster DNS", verbs=("get",), why=_WHY),
    PlannedObject(
        "authorization.k8s.io",
        "SubjectAccessReview",
        None,
        "-",
        verbs=("create",),
        why="after a failure",
    ),
)
