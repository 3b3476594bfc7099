"""The replicas as pods and processes: not there, ended, killed, alone, or asking themselves."""

import re

from clusterdns.diagnosis.facts import Facts, kind_of
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import after_edit, at_once, named, rolls
from clusterdns.diagnosis.scopes import Scope, about, unanswered
from clusterdns.diagnosis.waiting import stuck_replicas
from clusterdns.inventory.dns_objects import LABEL, pod_spec
from clusterdns.inventory.shape import nodes_of, wanted_replicas

# Without a replica that serves, everything that asks it fails.
ALL_DEAD = Scope(
    about(
        "workload",
        "dns-endpoints",
        "health-pages",
        "short-names",
        "paths",
        "updates",
        "loops",
        "outside-names",
    ),
    unanswered,
)


@cause("scaled-or-pending", "coredns-pod", leads_to=("dns-svc-endpoints-notready",))
def no_pods(facts: Facts) -> Finding | None:
    """There is no replica, or those wanted cannot start."""
    inventory = facts.inventory
    wanted, ready = wanted_replicas(inventory), len(inventory.ready_pods)
    if inventory.workload is None and (inventory.pods or inventory.told.answering):
        return None  # somebody runs it: pods that nobody owns, or somebody outside the API
    if inventory.workload is None:
        return Finding(
            "Nothing runs the cluster's DNS: there is no Deployment or DaemonSet for it.",
            (f"no workload labelled {LABEL} in {inventory.namespace}",),
            (
                "install CoreDNS as this cluster was installed: kubeadm init phase addon coredns, "
                "the Helm chart coredns, or from your backup",
            ),
            ALL_DEAD,
        )
    if wanted == 0:
        return Finding(
            f"{facts.workload} is scaled to 0: no replica answers.",
            (f"spec.replicas is {wanted}, {ready} ready",),
            (
                f"{facts.ks} scale {facts.workload} --replicas=2"
                if kind_of(inventory.workload) == "deployment"
                else f"{facts.ks} edit {facts.workload}  # its nodeSelector matches no node",
            ),
            ALL_DEAD,
        )
    stuck = stuck_replicas(facts)
    if not stuck and len(inventory.pods) >= wanted:
        return None
    events = facts.events_with(r"FailedScheduling|ErrImagePull|Failed to pull|FailedCreate:")
    reasons = sorted(set(stuck.values()))
    if not stuck and not events:
        return None
    return Finding(
        f"{len(stuck) or wanted - len(inventory.pods)} of {wanted} replicas cannot start: "
        f"{', '.join(reasons) or 'they are not made'}.",
        (*(f"{name}: {why}" for name, why in list(stuck.items())[:3]), *events),
        (
            f"{facts.ks} describe pods {facts.of_replicas}  # the events at its end say why",
            *_ways_out(facts, " ".join(reasons + events)),
        ),
        ALL_DEAD
        if ready == 0
        else Scope(
            about(
                "workload",
                "dns-endpoints",
                "health-pages",
                "paths",
                "updates",
            ),
            lambda cell: cell.server_name in {f"pod/{name}" for name in stuck},
        ),
    )


def _ways_out(facts: Facts, text: str) -> list[str]:
    if "mage" in text:
        container = facts.inventory.container.get("name", "CONTAINER")
        image = f"{container}=AN-IMAGE-THAT-CAN-BE-PULLED"
        return [f"{facts.ks} set image {facts.workload} {image}", *rolls(facts)]
    selector = pod_spec(facts.inventory.workload).get("nodeSelector") or {}
    extra = {k: v for k, v in selector.items() if k != "kubernetes.io/os"}
    if extra:
        return [f"its nodeSelector {extra} matches no node: {facts.ks} edit {facts.workload}"]
    return [f"{facts.kubectl} describe nodes  # taints, room for pods, conditions"]


@cause("oom", "coredns-pod")
def killed(facts: Facts) -> Finding | None:
    """A replica was killed because of its memory."""
    hits = []
    for pod in facts.inventory.pods:
        for status in pod.get("status", {}).get("containerStatuses") or []:
            for state in ("lastState", "state"):
                ended = (status.get(state) or {}).get("terminated") or {}
                if ended.get("reason") == "OOMKilled" or "OOM" in str(ended.get("message", "")):
                    name, times = pod["metadata"]["name"], status.get("restartCount", 0)
                    hits.append(f"{name}: OOMKilled, {times} restarts")
    if not hits:
        return None
    limits = facts.inventory.container.get("resources", {}).get("limits", {})
    limit = limits.get("memory", "none")
    return Finding(
        f"Replicas are killed because they need more memory than their limit, {limit}.",
        tuple(dict.fromkeys(hits)),
        (
            *_more_memory(facts, limit),
            "if names outside fail too, look for a loop first: it eats any memory",
        ),
        Scope(ALL_DEAD.topics, unanswered),
    )


def _more_memory(facts: Facts, limit: str) -> list[str]:
    """A limit of twice what it is now."""
    found = re.fullmatch(r"(\d+)(\D*)", limit)
    twice = f"{2 * int(found.group(1))}{found.group(2)}" if found else "MORE-THAN-NOW"
    container = facts.inventory.container.get("name", "")
    if not facts.workload or not container:
        return ["give the container more memory where the pods are written down"]
    return [
        f"{facts.ks} set resources {facts.workload} -c {container} --limits=memory={twice}  "
        "# it grows with the number of Services and the rate of questions",
        *rolls(facts),
    ]


@cause("single-or-colocated", "coredns-pod")
def alone(facts: Facts) -> Finding | None:
    """There is one replica only, or a restart of one node takes all of them away."""
    wanted = wanted_replicas(facts.inventory)
    if wanted != 1 or not facts.troubles_about("replica-count"):
        return None
    nodes = nodes_of(facts.inventory.ready_pods)
    return Finding(
        "Only one replica serves the cluster's DNS: each restart of it or of its node is an "
        "outage.",
        (f"{facts.workload} wants {wanted} replica, on {', '.join(sorted(nodes)) or 'no node'}",),
        _two_of_it(facts),
        Scope(
            about(
                "replica-count",
                "replica-spread",
            )
        ),
    )


def _two_of_it(facts: Facts) -> tuple[str, ...]:
    """How there come to be two replicas, on two nodes if there are."""
    workload = facts.inventory.workload
    if workload is None or kind_of(workload) == "daemonset":
        return ("let the replicas run on a second node too: its nodeSelector takes one only",)
    scale = f"{facts.ks} scale {named(workload)} --replicas=2"
    spread = f"{facts.ks} rollout restart {named(workload)}"
    spread += "  # when both are ready, if both are on one node and others joined"
    two = {**workload, "spec": {**workload["spec"], "replicas": 2}}
    return (scale, *([f"beware: {warning}"] if (warning := at_once(two)) else []), spread)


@cause("ready-plugin-missing", "corefile", leads_to=("dns-svc-endpoints-notready",))
def no_ready(facts: Facts) -> Finding | None:
    """The readiness probe asks a page that the Corefile does not have."""
    probe = (facts.inventory.container.get("readinessProbe") or {}).get("httpGet") or {}
    if facts.reading is None or facts.reading.has("ready") or probe.get("path") != "/ready":
        return None
    refused = [c for c in facts.reached("/ready") if c.result in ("0", "refused")]
    return Finding(
        "The replicas are never ready: their readiness probe asks /ready, but the Corefile has no "
        "ready plugin.",
        (
            f"readinessProbe: /ready on port {probe.get('port')}, the Corefile has no ready",
            *facts.events_with(r"Readiness probe failed.*refused", most=1),
            *([f"{refused[0].server}: /ready is refused"] if refused else []),
            *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        ),
        (f"{facts.edit_corefile}  # add the line: ready", *after_edit(facts)),
        Scope(
            about(
                *ALL_DEAD.topics,
                "plugin-ready",
                "corefile-advice",
            ),
            lambda cell: cell.of_service,
        ),
        "high" if facts.unready else "medium",
    )


@cause("readiness-not-ready-plugin", "coredns-pod")
def wrong_readiness(facts: Facts) -> Finding | None:
    """Readiness is judged by a page that says nothing about the API server."""
    container = facts.inventory.container
    if container.get("name") != "coredns" or not facts.inventory.coredns_version:
        return None
    probe = (container.get("readinessProbe") or {}).get("httpGet") or {}
    told = facts.troubles_about("readiness-probe")
    if probe.get("path") == "/ready" or not told:
        return None
    return Finding(
        f"Readiness of the replicas is judged by {probe.get('path') or 'nothing'} instead of "
        "/ready: a replica that has not heard of the API server yet gets questions and says "
        "SERVFAIL.",
        (f"readinessProbe: {container.get('readinessProbe')}",),
        (
            f"{facts.ks} edit {facts.workload}  # readinessProbe: httpGet /ready, port 8181; the "
            "Corefile needs the ready plugin first",
            *rolls(facts),
        ),
        Scope(
            about(
                "liveness-probe",
                "readiness-probe",
            )
        ),
    )
