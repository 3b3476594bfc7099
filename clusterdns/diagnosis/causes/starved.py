"""Replicas that are slow or silent by themselves: no way to them is to blame."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import named, restart, rolls
from clusterdns.diagnosis.rows import Talk
from clusterdns.diagnosis.scopes import ANSWERS_LATE, Scope
from clusterdns.diagnosis.slow import cpu_limit, silent_replicas, slow_replicas
from clusterdns.report.cell import Cell

# What follows from a server that has no time: questions lost, late, and all that asks them.
WAYS = (
    *("mtu-blackhole", "packets-lost", "conntrack-race-5s", "dns-port-filtered"),
    *("edns-large-dropped", "dns-udp-dead-tcp-alive", "dns-svc-stale-endpoint"),
)
LATE = (
    *("dns-svc-endpoints-notready", "upstream-slow", "upstream-unreachable", "max-concurrent"),
    *("api-unreachable", "watch-frozen", "dns-svc-targetport-wrong", "overlay-broken"),
)
PROBES = r"(Liveness|Readiness) probe failed.*(deadline exceeded|[Tt]imeout)"


@cause("replica-starved", "coredns-pod", leads_to=(*WAYS, *LATE))
def starved(facts: Facts) -> Finding | None:
    """Replicas are late from everywhere, their own nodes included."""
    slow, limit = slow_replicas(facts), cpu_limit(facts)
    silent = silent_replicas(facts) if limit else {}
    found = {name: why for name, why in {**silent, **slow}.items() if limit or missed(facts, name)}
    if not found:
        return None
    names = ", ".join(sorted(name.removeprefix("pod/") for name in found))
    why = f"its CPU limit of {limit} leaves it no time" if limit else "it has no time to answer"
    workload = facts.inventory.workload
    raise_it = f"{facts.ks} edit {named(workload)}" if workload else f"{facts.ks} get pods"
    return Finding(
        f"CoreDNS in {names} is starved: {why}, so that answers are late or missing from "
        "everywhere, its own node included.",
        (
            *(
                [f"resources.limits.cpu of the container is {limit}: CoreDNS stands still for "
                 "most of each 100 ms"]
                if limit
                else []
            ),
            *list(found.values())[:3],
            *facts.events_with(PROBES, most=2),
        ),
        (
            *(rolls(facts) if limit and workload else ()),
            f"{raise_it}  # resources.limits.cpu: none, or one processor"
            if limit
            else f"{facts.ks} top pods; top on {nodes_in_words(_homes(facts, found))}: who takes "
            "the processors? A request for CPU keeps CoreDNS its share",
        ),
        Scope(ANSWERS_LATE, lambda cell: _follows(cell, found)),
        "high" if limit else "medium",
        assumes=0 if limit else 1,
        tell_apart="container_cpu_cfs_throttled_periods_total of the replicas grows: a limit; "
        "it does not: the node itself is busy",
    )  # fmt: skip


def missed(facts: Facts, name: str) -> bool:
    """Whether answers of this very replica were missing or late, unless nothing tells.

    A busy machine is slow for a moment, at this one: that is no reason for what another one lacks.
    """
    lacking = {c.server_name for t in facts.failed for c in t.cells if c.kind == "pod" and c.silent}
    ill = {p.server.partition(" ")[0] for p in facts.paths if p.improbable or p.improbably_late}
    pods = {server for server in lacking | ill if server.startswith("pod/")}
    return not pods or name in pods


@cause("replica-silent", "coredns-pod", leads_to=(*WAYS, "dns-svc-endpoints-notready"))
def silent(facts: Facts) -> Finding | None:
    """A replica answers nobody, its own node included, and others answer."""
    found = silent_replicas(facts)
    if not found or cpu_limit(facts) or len(found) >= len(facts.inventory.pods):
        return None
    if facts.crashing or facts.policies or _shows_pages(facts, found):
        return None  # it does not run, somebody filters, or only port 53 is concerned
    names = ", ".join(sorted(name.removeprefix("pod/") for name in found))
    port = facts.inventory.replica_port

    def not_answered(talk: Talk) -> bool:
        return talk.server in found

    return Finding(
        f"{names} answers nobody, on port {port} and on its pages, not even its own node: its "
        "process hangs, or its packets are dropped on that node. The Service still leads a share "
        "of all questions to it.",
        tuple(found.values()),
        (
            f"{facts.ks} logs {names.split(', ')[0]} --tail=50; {facts.ks} describe pod "
            f"{names.split(', ')[0]}",
            *restart(facts),
        ),
        Scope(ANSWERS_LATE, lambda cell: _follows(cell, found)),
        "medium",
        assumes=1,
        tell_apart=f"on {nodes_in_words(_homes(facts, found))}: does the process take processor "
        f"time, and does tcpdump -ni any port {port} show questions without answers?",
        silent=not_answered,
    )


def _follows(cell: Cell, found: dict[str, str]) -> bool:
    """What is lost there, and the share of the Service that goes there."""
    return cell.silent and (cell.server_name in found or cell.of_service)


def _homes(facts: Facts, found: dict[str, str]) -> list[str]:
    pods = {
        f"pod/{p['metadata']['name']}": p["spec"].get("nodeName", "?") for p in facts.inventory.pods
    }
    return [pods[name] for name in found if name in pods]


def _shows_pages(facts: Facts, found: dict[str, str]) -> bool:
    return any(c.reached for c in facts.contacts if c.server in found)
