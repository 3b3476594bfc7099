"""Replicas that are late from everywhere, their own nodes included: slow servers, no lossy ways.

Loss, MTU and filters are ways; none of them is to blame where a process has no time to answer.
"""

import re
from collections.abc import Mapping

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk

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
    """Late, or partly silent, from its own node; some answers must come, or it is another fault."""
    home = pod["spec"].get("nodeName", "")
    near = [t for t in facts.said("known", server=name) if t.node == t.server_node == home]
    near += [t for t in facts.said("absent", server=name) if t.node == t.server_node == home]
    answered = [talk for talk in near if talk.answered]
    late = [talk for talk in near if _is_late(talk)]
    if not answered or len(late) * 2 < len(near):
        return ""
    worst = max(talk.ms for talk in answered)
    silent = len(near) - len(answered)
    parts = [f"the slowest answer took {worst:.0f} ms"]
    parts += [f"{silent} of {len(near)} questions got none within a second"] if silent else []
    return f"asked from its own node {home}, {' and '.join(parts)}"


def _is_late(talk: Talk) -> bool:
    return talk.ms >= LATE_MS if talk.answered else talk.result == "timeout"
