"""Replicas that end when they start, or run and do not become ready."""

import re

from clusterdns.diagnosis.causes.coredns_pod import ALL_DEAD
from clusterdns.diagnosis.causes.corefile import SAYS_SYNTAX
from clusterdns.diagnosis.causes.service import THROUGH_SERVICE
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import after_edit, rolls
from clusterdns.diagnosis.running import broken_corefile, events_of_replicas
from clusterdns.diagnosis.scopes import Scope, about, through_service
from clusterdns.inventory.replica_pages import port_of

# A line of CoreDNS' log, and what it prints once it has started; what it ends with is neither.
LOGGED = re.compile(r"^\[[A-Z]+\]|^CoreDNS-|^linux/|^maxprocs: |^\S+:\d+( on \S+)?$|^[IWEF]\d{4} ")
IN_USE = (
    "somebody else listens there already: another process in the pod or, with hostNetwork, on the "
    "node; or two lines of the Corefile name the same address"
)
NOT_ALLOWED = "the container may not open a port below 1024"
NO_COREFILE = "the file is not where CoreDNS looks for it"
NO_ACCOUNT = "the pod has no token for the API server"
OTHER_MACHINE = "the image is for another kind of machine"
KNOWN = {
    r"bind: address already in use": (
        IN_USE,
        "{ks} get pods {pods} -o wide  # then on that node: ss -lnup 'sport = :53', who listens",
    ),
    r"bind: permission denied|listen .*permission denied": (
        NOT_ALLOWED,
        "{ks} edit {workload}  # securityContext.capabilities.add: [NET_BIND_SERVICE]",
    ),
    r"open \S*Corefile: (no such file|permission denied)": (
        NO_COREFILE,
        "{ks} edit {workload}  # mount the ConfigMap's key where -conf says",
    ),
    r"in-cluster config|serviceaccount/\S+: no such file": (
        NO_ACCOUNT,
        "{ks} edit {workload}  # automountServiceAccountToken: true, and the account's own too",
    ),
    r"exec format error": (
        OTHER_MACHINE,
        "{ks} edit {workload}  # an image for the architecture of its nodes",
    ),
}


def last_words(facts: Facts) -> dict[str, str]:
    """The last line of each replica that ended, where it is not one of its usual log."""
    ended = {words.partition(":")[0] for words in facts.crashing}
    found = {}
    for pod in sorted(ended):
        lines = [line.strip() for line in facts.logs.get(pod, "").splitlines() if line.strip()]
        if lines and not LOGGED.search(lines[-1]):
            found[pod] = lines[-1][:300]
    return found


@cause("start-failed", "coredns-pod", leads_to=("dns-svc-endpoints-notready",))
def start_failed(facts: Facts) -> Finding | None:
    """Replicas end at their start, and their last line says why."""
    said = last_words(facts)
    if not said or broken_corefile(facts):
        return None
    line = next(iter(said.values()))
    if re.search(SAYS_SYNTAX, line):
        return None  # the Corefile
    known = next((words for sign, words in KNOWN.items() if re.search(sign, line)), None)
    why, step = known or ("", "{ks} logs {pods} --prefix --tail=20  # what stands before that line")
    remedy = step.format(ks=facts.ks, pods=facts.of_replicas, workload=facts.workload or "pods")
    gone = set(facts.unready)
    return Finding(
        f"{', '.join(said)} {'ends' if len(said) == 1 else 'end'} at the start and "
        f"{'says' if len(said) == 1 else 'say'}: {line}{f' - {why}' if why else ''}.",
        (*(f"{pod} logs, last line: {words}" for pod, words in said.items()), *facts.crashing[:3]),
        (remedy,),
        ALL_DEAD
        if not facts.inventory.ready_pods
        else Scope(
            about("workload", "health-pages"),
            lambda cell: cell.server_name in {f"pod/{name}" for name in gone},
        ),
        "high" if known else "medium",
        assumes=0 if known else 1,
    )


@cause("volume-missing", "coredns-pod", leads_to=("dns-svc-endpoints-notready",))
def volume_missing(facts: Facts) -> Finding | None:
    """Replicas wait for a volume that the kubelet cannot set up; their containers do not exist."""
    lines = events_of_replicas(facts, "FailedMount|FailedAttachVolume")
    waiting = [name for name in facts.unready if any(f"pod/{name}:" in line for line in lines)]
    if not waiting:
        return None
    wanted = re.search(r'(configmap|secret) "([^"]+)" not found', " ".join(lines))
    key = re.search(r"references non-existent \w+ key: (\S+)", " ".join(lines))
    what = "a volume of their pods cannot be set up"
    if wanted:
        what = f"there is no {wanted[1]} {wanted[2]}, which their pods mount"
    elif key:
        what = f"their pods mount a key {key[1]} that the object does not have"
    return Finding(
        f"{', '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for a volume: {what}.",
        tuple(lines),
        (
            *rolls(facts),
            f"{facts.ks} edit {facts.workload or 'pods'}  # its volumes, and which of them holds "
            "the Corefile; or make what is missing",
        ),
        ALL_DEAD
        if not facts.inventory.ready_pods
        else Scope(
            about("workload", "health-pages"),
            lambda cell: cell.server_name in {f"pod/{name}" for name in waiting},
        ),
    )


@cause("plugin-not-ready", "corefile", leads_to=("dns-svc-endpoints-notready",))
def plugin_not_ready(facts: Facts) -> Finding | None:
    """A plugin keeps replicas from being ready, and /ready names it.

    Not the plugin kubernetes, which waits for the API server. Source: plugin/ready/ready.go of
    CoreDNS 1.12: the page lists the plugins that say they are not ready, with commas.
    """
    said = {c.server: c.body.strip() for c in facts.reached("/ready") if c.result == "503"}
    waiting = {name for body in said.values() for name in body.split(",")}
    if facts.reading is None or "kubernetes" in waiting or not facts.unready:
        return None
    lines = [p for block in facts.reading.blocks for p in block.plugins if p.name in waiting]
    if not lines:
        return None
    where = ", ".join(f"line {p.line}: {p.name} {' '.join(p.args)}".strip() for p in lines)
    which = " and ".join(dict.fromkeys(p.name for p in lines))
    return Finding(
        f"{', '.join(facts.unready)} {'is' if len(facts.unready) == 1 else 'are'} kept from being "
        f"ready by the plugin {which} ({where}).",
        tuple(f"{server} /ready: 503 {body}" for server, body in said.items()),
        (
            f"{facts.edit_corefile}  # take {which} out, unless it is there for a purpose: it says "
            "itself that it is not ready",
            *after_edit(facts),
        ),
        ALL_DEAD
        if not facts.inventory.ready_pods
        else Scope(
            about("workload", "health-pages"),
            lambda cell: cell.server_name in {f"pod/{name}" for name in facts.unready},
        ),
    )


@cause("dns-svc-endpoints-notready", "service")
def not_ready(facts: Facts) -> Finding | None:
    """There are replicas, but none is ready, so the Service leads nowhere."""
    inventory = facts.inventory
    if inventory.service is None or not inventory.pods or inventory.ready_pods:
        return None
    pages = sorted({f"{c.server} {c.what}: {c.result}" for c in facts.reached("/ready")})
    asked, listens = _readiness_ports(facts)
    other = bool(asked and listens and asked != listens)
    why = f": their probe asks port {asked}, and ready listens on {listens}" if other else ""
    return Finding(
        f"None of the {len(inventory.pods)} replicas is ready, so the Service has no endpoints"
        f"{why}.",
        (
            *([f"readinessProbe: port {asked}; the Corefile: ready :{listens}"] if other else []),
            f"not ready: {', '.join(facts.unready)}",
            *facts.crashing[:3],
            *pages[:3],
            *events_of_replicas(facts, "Readiness probe failed", most=2),
        ),
        (
            f"{facts.ks} edit {facts.workload or 'pods'}  # readinessProbe: port {listens}; or "
            f"make the Corefile's line: ready :{asked}",
            *rolls(facts),
        )
        if other
        else (
            f"{facts.ks} describe pods {facts.of_replicas}",
            f"{facts.ks} logs {facts.of_replicas} --tail=50 --prefix",
        ),
        Scope(about("workload", *THROUGH_SERVICE), through_service),
        "medium",  # it is no fault of the Service, whose layer this is
        assumes=0 if other else 1,
        tell_apart=""
        if other
        else "why they are not ready: their log, and the body of /ready names the plugin",
    )


def _readiness_ports(facts: Facts) -> tuple[str, str]:
    """The port that the readiness probe asks for /ready, and that of ready; empty: not known."""
    container = facts.inventory.container
    probe = (container.get("readinessProbe") or {}).get("httpGet") or {}
    if facts.reading is None or not facts.reading.has("ready") or probe.get("path") != "/ready":
        return "", ""
    numbers = {p.get("name"): p.get("containerPort") for p in container.get("ports") or []}
    asked = numbers.get(probe.get("port"), probe.get("port", ""))
    return str(asked), str(port_of(facts.inventory, "/ready") or "")
