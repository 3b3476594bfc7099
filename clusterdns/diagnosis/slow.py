"""Replicas that are late from everywhere, their own nodes included: slow servers, no lossy ways.

Loss, MTU and filters are ways; none of them is to blame where a process has no time to answer.
"""

import re
from collections.abc import Mapping

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.rows import PathLoss

LATE_MS = 300.0  # for a name of the cluster, asked from the replica's own node
STARVED_CPU = 0.05  # processors: below it a limit stops CoreDNS for most of each 100 ms
OWN_PAGE_S = 0.1  # seconds for the process to ask its own health page, without any network
_COUNT, _SUM = (f"coredns_health_request_duration_seconds_{word}" for word in ("count", "sum"))


def cpu_of(quantity: object) -> float | None:
    """Processors that a quantity of Kubernetes means, such as 100m, 2 or 0.5; None for others."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mun]?)", str(quantity))
    if not found:
        return None
    return float(found[1]) * {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}[found[2]]


def cpu_limit(facts: Facts) -> str:
    """The processor limit of the replicas' container as written, where it is a starving one."""
    limits = (facts.inventory.container.get("resources") or {}).get("limits") or {}
    found = cpu_of(limits.get("cpu"))
    return str(limits["cpu"]) if found is not None and found < STARVED_CPU else ""


def slow_replicas(facts: Facts) -> dict[str, str]:
    """The replicas that are slow by themselves, each with how that is known."""
    found: dict[str, str] = {}
    for pod in facts.inventory.pods:
        name = f"pod/{pod['metadata']['name']}"
        if why := _own_page(facts.metrics.get(name, {})) or _at_home(facts, pod, name):
            found[name] = f"{name.removeprefix('pod/')}: {why}"
    return found


def _own_page(metrics: Mapping[str, float]) -> str:
    """The process asks its own health page each second: that needs no network at all."""
    count, total = metrics.get(_COUNT, 0.0), metrics.get(_SUM, 0.0)
    if count < 1 or total / count < OWN_PAGE_S:
        return ""
    return f"its request to its own health page takes {1000 * total / count:.0f} ms on average"


def _at_home(facts: Facts, pod: Manifest, name: str) -> str:
    """Late from its own node: of the answers that came most were, over all transports.

    Silence alone is no lateness: a filter drops one kind of packets, and lets the others pass.
    """
    home = pod["spec"].get("nodeName", "")
    near = [t for t in facts.talks if t.server == name and t.node == t.server_node == home]
    near = [talk for talk in near if talk.kind in ("known", "absent")]
    answered = [talk for talk in near if talk.answered]
    late = [talk for talk in answered if talk.ms >= LATE_MS]
    if not late or 2 * len(late) < len(answered):
        return ""
    silent = len(near) - len(answered)
    parts = [f"the slowest answer took {max(talk.ms for talk in late):.0f} ms"]
    parts += [f"{silent} of {len(near)} questions got none within a second"] if silent else []
    return f"asked from its own node {home}, {' and '.join(parts)}"


def silent_replicas(facts: Facts) -> dict[str, str]:
    """The replicas that answer nothing at all, each with how that is known.

    Their own node must have asked them: from elsewhere alone the way may be to blame.
    """
    found: dict[str, str] = {}
    for pod in facts.inventory.pods:
        name, home = f"pod/{pod['metadata']['name']}", pod["spec"].get("nodeName", "")
        talks = [talk for talk in facts.talks if talk.server == name]
        near = [talk for talk in talks if talk.node == talk.server_node == home]
        if near and all(talk.result == "timeout" for talk in talks):
            nodes = nodes_in_words({talk.node for talk in talks})
            short = name.removeprefix("pod/")
            found[name] = (
                f"{short}: no answer to {len(talks)} questions from {nodes}, "
                f"{len(near)} of them from its own node {home}"
            )
    return found


def judged_ways(facts: Facts) -> list[PathLoss]:
    """The paths on which losses tell something about the way, and not about a server.

    None to a replica that is slow or silent by itself, and none to the Service then, which leads
    a share of all questions to it; nor to the Service from a node to which a replica is silent
    over that transport. What happens on a way that was asked by itself is known better.
    """
    ill = {*slow_replicas(facts), *silent_replicas(facts)}
    cut = {(p.node, p.transport) for p in facts.paths if _to_pod(p) and p.lost == p.sent}
    ways = [place.way for place in facts.places if place.way and place.proved]
    known = {(way[0], way[1], transport) for way in ways for transport in way[2:]}
    cut |= {(node, transport) for node, _, transport in known}
    return [
        path
        for path in facts.paths
        if (
            _server(path) not in ill and (path.node, _server(path), path.transport) not in known
            if _to_pod(path)
            else not ill and (path.node, path.transport) not in cut
        )
    ]


def _server(path: PathLoss) -> str:
    return path.server.partition(" ")[0]


def _to_pod(path: PathLoss) -> bool:
    return path.server.startswith("pod/")
