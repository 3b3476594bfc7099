"""Gather the facts: everything at once, under one deadline, before anything is cleaned up.

What cannot be had in time or is refused is left out, and ``Facts.missing`` says why.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from kubernetes.client import ApiException

from clusterdns.asking.losses import Losses
from clusterdns.cluster import Cluster, Manifest, NotThere, path_of
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.looks import Aims, ask, far_queries, merged, near_queries, touch
from clusterdns.diagnosis.rows import Contact, PathLoss, Talk, Trouble
from clusterdns.run.ledger import one_line
from clusterdns.searching.resolvconf import ResolvConf
from clusterdns.serving.inventory import Inventory, take_inventory
from clusterdns.serving.nodelocal import NODE_LOCAL
from clusterdns.serving.permissions import NEEDED, is_allowed, service_account
from clusterdns.serving.replica_pages import SERVED_BY, port_of
from clusterdns.serving.shape import seconds_since
from clusterdns.site import DEFAULT_DOMAIN, Site

T = TypeVar("T")
DEADLINE_S = 8.0  # for all of it; 4 s of it are looks, the rest is a slow API server
REQUEST_S = 3.0  # for one request to the API server
LOG_LINES = 200
EVENTS_S = 600.0  # what is older says nothing about now, unless it is about a replica that is there
FALLBACK = "dns-conformance.invalid."  # RFC 6761 6.4: denied by whoever is asked in earnest


@dataclass(frozen=True)
class Sources:
    """What there is to gather from; a run that failed early has not all of it."""

    cluster: Cluster
    inventory: Inventory
    troubles: Sequence[Trouble]
    site: Site | None = None
    losses: Losses | None = None
    outside: str = ""  # an absolute name outside the cluster that must resolve; "" if none is known


@dataclass
class Work:
    """Jobs that run side by side until one deadline; each failure is noted, none is raised."""

    until: float
    missing: dict[str, str]

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=24, thread_name_prefix="facts")
        self._jobs: dict[str, Future[Any]] = {}

    def start(self, name: str, job: Callable[..., object], *args: object) -> None:
        """Begin a job under a name."""
        self._jobs[name] = self._pool.submit(job, *args)

    def get(self, name: str, default: T) -> T:
        """What a job brought, or the default."""
        if name not in self._jobs:
            return default
        job = self._jobs[name]
        wait([job], timeout=max(0.0, self.until - time.monotonic()))
        if not job.done():
            self.missing[name] = "not there in time"
            return default
        if (error := job.exception()) is not None:
            self.missing[name] = one_line(error)
            return default
        found: T = job.result()
        return found

    def named(self, prefix: str) -> list[str]:
        """The names of all jobs that begin so."""
        return [name for name in self._jobs if name.startswith(prefix)]

    def end(self) -> None:
        """Leave behind what still runs: every request of it has a deadline of its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def gather(sources: Sources, deadline_s: float = DEADLINE_S) -> Facts:
    """All facts, within the deadline. Raises nothing that a cluster can cause."""
    work = Work(time.monotonic() + deadline_s, {})
    cluster = replace(sources.cluster, deadline=REQUEST_S)
    try:
        return _gathered(sources, cluster, work)
    finally:
        work.end()


def _gathered(sources: Sources, cluster: Cluster, work: Work) -> Facts:
    site = sources.site
    namespaces = own_namespaces(site)
    work.start("inventory", take_inventory, cluster)
    work.start("services", cluster.list, "Service")
    work.start("api_slices", cluster.list, "EndpointSlice", "default", API_SERVICE_LABEL)
    work.start("kube_proxies", cluster.list, "Pod", None, "k8s-app=kube-proxy")
    work.start("node_local", cluster.list, "Pod", None, NODE_LOCAL)
    work.start("rights", rights_of_replicas, cluster, sources.inventory)
    work.start("node_confs", node_confs, cluster, namespaces[:1])
    places = list(dict.fromkeys([sources.inventory.namespace, *namespaces]))
    for place in places:
        work.start(f"policies in {place}", cluster.list, "NetworkPolicy", place)
        work.start(f"events in {place}", cluster.list, "Event", place)
    inventory: Inventory = work.get("inventory", sources.inventory)
    for pod in inventory.pods:
        work.start(f"log of {pod['metadata']['name']}", whole_log, cluster, pod)
    if site is not None:
        work.start("probe_ips", probe_ips, cluster, site)
    services: list[Manifest] | None = work.get("services", None)
    confs: Mapping[str, ResolvConf] | None = work.get("node_confs", None)
    addresses: Mapping[str, str] = work.get("probe_ips", {})
    slices = tuple(work.get("api_slices", list[Manifest]()))
    facts = Facts(
        context=cluster.context,
        domain=site.domain if site else DEFAULT_DOMAIN,
        inventory=inventory,
        namespaces=tuple(namespaces),
        troubles=tuple(sources.troubles),
        resolv_confs=dict(site.resolv_confs) if site else {},
        node_confs=confs,
        unprobed=dict(site.unprobed) if site else {},
        paths=tuple(path_losses(sources.losses)) if sources.losses else (),
        services=None if services is None else owners(services),
        api_service=api_service(services or []),
        api_slices=slices,
        probe_ips=addresses,
    )
    if site is not None:
        aims = aims_of(facts, site, sources.outside)
        for node, probe in site.probes.items():
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
    return replace(
        facts,
        talks=tuple(talks),
        contacts=tuple(contact for contacts, _ in touched for contact in contacts),
        metrics=merged(metrics for _, metrics in touched),
        events=tuple(told(event) for event in events if says_something(event, names)),
        logs={name: work.get(f"log of {name}", "") for name in names},
        rights=work.get("rights", None),
        kube_proxies=None if proxies is None else tuple(map(slim, proxies)),
        node_local=None if local is None else tuple(map(slim, local)),
        policies=tuple(policy for found in policies for policy in found),
        missing=dict(work.missing),
    )


API_SERVICE_LABEL = "kubernetes.io/service-name=kubernetes"


def own_namespaces(site: Site | None) -> list[str]:
    """The namespaces that the run made or was given."""
    if site is None:
        return []
    workspace = site.workspace
    return [ns for ns in (workspace.namespace, workspace.second_namespace) if ns]


def aims_of(facts: Facts, site: Site, outside: str) -> Aims:
    """Whom to look at, by what is known so far."""
    inventory = facts.inventory
    nodes = [f"{node['metadata']['name']}." for node in inventory.nodes]
    outside = outside or next(iter(nodes), FALLBACK)
    spec = (facts.api_service or {}).get("spec", {})
    told = {node: conf.nameservers for node, conf in facts.resolv_confs.items()}
    suffixes = {
        suffix
        for node, conf in facts.resolv_confs.items()
        if node in site.probes
        for suffix in conf.host_search(site.probes[node].namespace, facts.domain)
        if suffix != "."
    }
    services = inventory.services or tuple(s for s in site.servers if s.node == "")
    return Aims(
        facts.domain,
        services,
        inventory.replicas,
        told,
        sorted(suffixes),
        outside,
        list(facts.upstreams),
        [(spec["clusterIP"], 443)] if spec.get("clusterIP") else [],
        endpoints_of(facts.api_slices),
        dict(facts.probe_ips),
        {path: port_of(inventory, path) for path in SERVED_BY},
    )


def aims_without(aims: Aims, node: str) -> Aims:
    """The same, without the probe of the node itself."""
    others = {name: ip for name, ip in aims.probe_ips.items() if name != node}
    return replace(aims, probe_ips=others)


def endpoints_of(slices: Iterable[Manifest]) -> list[tuple[str, int]]:
    """The addresses and ports of the API server itself."""
    return [
        (address, int(port["port"]))
        for piece in slices
        for endpoint in piece.get("endpoints") or []
        for address in endpoint["addresses"]
        for port in piece.get("ports") or []
    ]


def rights_of_replicas(cluster: Cluster, inventory: Inventory) -> dict[str, bool]:
    """What the replicas need and whether they may, such as "list-services"."""
    user = service_account(inventory)
    return {str(right): is_allowed(cluster, user, right) for right in NEEDED}


def node_confs(cluster: Cluster, namespaces: Iterable[str]) -> dict[str, ResolvConf] | None:
    """resolv.conf of the nodes, as pods of ours with dnsPolicy Default printed it."""
    found: dict[str, ResolvConf] = {}
    for namespace in namespaces:
        for pod in cluster.list("Pod", namespace):
            spec, name = pod["spec"], str(pod["metadata"]["name"])
            if spec.get("dnsPolicy") != "Default" or not name.startswith("node-resolver"):
                continue
            if pod["status"].get("phase") == "Running":
                conf = ResolvConf.parse(cluster.logs(namespace, name, lines=40))
                if conf.nameservers:
                    found[str(spec["nodeName"])] = conf
    return found or None


def probe_ips(cluster: Cluster, site: Site) -> dict[str, str]:
    """The pod IP of each probe, by node."""
    found = {}
    pods = {p["metadata"]["name"]: p for p in cluster.list("Pod", site.workspace.namespace)}
    for node, probe in site.probes.items():
        if ip := pods.get(probe.pod, {}).get("status", {}).get("podIP"):
            found[node] = str(ip)
    return found


def whole_log(cluster: Cluster, pod: Manifest) -> str:
    """What a replica printed, and before it what the container before the last restart did."""
    meta, texts = pod["metadata"], []
    statuses = pod.get("status", {}).get("containerStatuses") or []
    names = [s["name"] for s in statuses] or [None]
    for status, name in zip(statuses or [{}], names, strict=True):
        for previous in (True, False):
            if previous and not status.get("lastState", {}).get("terminated"):
                continue
            texts.append(one_log(cluster, meta["namespace"], meta["name"], name, previous))
    return "\n".join(filter(None, texts))


def one_log(
    cluster: Cluster, namespace: str, pod: str, container: str | None, previous: bool
) -> str:
    """The end of one container's log; empty where there is none."""
    query = {"tailLines": str(LOG_LINES), "previous": "true" if previous else "false"}
    query |= {"container": container} if container else {}
    try:
        return cluster.text("GET", f"{path_of('Pod', namespace, pod)}/log", query=query)
    except (NotThere, ApiException):
        return ""


def path_losses(losses: Losses) -> Iterable[PathLoss]:
    """The numbers of each path."""
    for path, record in losses.paths.items():
        yield PathLoss(
            path.node,
            path.server,
            path.transport,
            record.sent,
            record.lost,
            len(record.late_rounds),
            record.improbable,
            record.improbably_late,
        )


def owners(services: Iterable[Manifest]) -> dict[str, str]:
    """Which Service has which cluster IP."""
    return {
        ip: f"{s['metadata']['namespace']}/{s['metadata']['name']}"
        for s in services
        for ip in s["spec"].get("clusterIPs") or [s["spec"].get("clusterIP", "")]
        if ip and ip != "None"
    }


def api_service(services: Iterable[Manifest]) -> Manifest | None:
    """The Service default/kubernetes."""
    wanted = ("default", "kubernetes")
    found = [s for s in services if (s["metadata"]["namespace"], s["metadata"]["name"]) == wanted]
    return next(iter(found), None)


def says_something(event: Manifest, replicas: Sequence[str]) -> bool:
    """Whether an event is about now: events outlive what they are about by an hour."""
    about = event.get("involvedObject") or {}
    if about.get("kind") == "Pod" and about.get("name") in replicas:
        return True
    series = event.get("series") or {}
    times = [series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")]
    times.append(event["metadata"].get("creationTimestamp"))
    latest = next((str(time) for time in times if time), None)
    return latest is None or seconds_since(latest) < EVENTS_S


def told(event: Manifest) -> dict[str, str]:
    """An event as causes look at it."""
    about = event.get("involvedObject") or {}
    return {
        "namespace": str(event["metadata"].get("namespace", "")),
        "object": f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        "reason": str(event.get("reason", "")),
        "message": str(event.get("message", ""))[:500],
    }


def slim(pod: Manifest) -> Manifest:
    """A pod without what no cause looks at."""
    meta = {key: pod["metadata"].get(key) for key in ("name", "namespace", "labels")}
    containers = [
        {key: c.get(key) for key in ("name", "args", "command")} for c in pod["spec"]["containers"]
    ]
    spec = {"nodeName": pod["spec"].get("nodeName", ""), "containers": containers}
    return {"metadata": meta, "spec": spec, "status": pod.get("status", {})}
