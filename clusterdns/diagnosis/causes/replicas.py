"""Replicas that are not alike: some serve something else than the others."""

import re

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import restart
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.report.cell import Cell

HASH = re.compile(r"plugin/reload: Running configuration (?:SHA512|MD5) = (\w+)")
FOLLOWS = about("short-names", "updates", "own-reload")
GUESSES = ("watch-frozen",)


@cause("foreign-replica", "service", leads_to=(*GUESSES, "corefile-old-replica"))
def foreign(facts: Facts) -> Finding | None:
    """A pod that is not the workload's wears its labels, and gets a share of all questions."""
    named = (facts.inventory.workload or {}).get("metadata", {}).get("name")
    owners = {p["metadata"]["name"]: _owner(p) for p in facts.inventory.pods}
    strange = {pod: owner for pod, owner in owners.items() if owner and owner != named}
    if not named or not strange:
        return None
    hits = [c for t in facts.failed for c in t.cells if _is_at(c, strange)]
    owner = strange[min(strange)]
    return Finding(
        f"Behind the Service are pods that are not {facts.workload}'s, but wear its labels: "
        f"{', '.join(sorted(strange))}.",
        (
            *(f"{pod} belongs to {owner}, not to {named}" for pod, owner in strange.items()),
            *(f"{len(hits)} answers of these pods deviate: {c.received[:120]}" for c in hits[:1]),
        ),
        (
            f"{facts.ks} get pods --show-labels -o wide",
            f"give the pods of {owner} other labels than {facts.inventory.service_name} selects, "
            "or the same Corefile; or remove them",
        ),
        Scope(
            about(*FOLLOWS, "workload", "dns-endpoints"),
            lambda cell: _is_at(cell, strange) or cell.of_service,
        ),
        "high" if hits else "medium",
    )


def _owner(pod: Manifest) -> str:
    """The Deployment by the pod's name; "" where the name does not tell."""
    made_of = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
    found = re.fullmatch(rf"(.+)-{re.escape(made_of)}-\w+", pod["metadata"]["name"])
    return found.group(1) if made_of and found else ""


def _is_at(cell: Cell, pods: dict[str, str]) -> bool:
    return cell.server_name in {f"pod/{pod}" for pod in pods}


@cause("corefile-old-replica", "corefile", leads_to=GUESSES)
def old_corefile(facts: Facts) -> Finding | None:
    """Two replicas run with different Corefiles."""
    latest = {pod: found[-1] for pod, log in facts.logs.items() if (found := HASH.findall(log))}
    if len(set(latest.values())) < 2 or facts.unready:
        return None
    hits = {c.server_name for t in facts.troubles for c in t.cells if not c.of_service}
    odd = sorted(name for name in latest if f"pod/{name}" in hits)
    servers = {f"pod/{name}" for name in odd}
    pods = {p["metadata"]["name"]: p["status"].get("startTime", "?") for p in facts.inventory.pods}
    return Finding(
        "The replicas do not run with the same Corefile"
        + (f"; {', '.join(odd)} answers otherwise than the ConfigMap says." if odd else "."),
        tuple(
            f"{pod}, started {pods.get(pod, '?')}: configuration {made_of[:12]}"
            for pod, made_of in latest.items()
        ),
        (
            *restart(facts),
            f"{facts.ks} logs {facts.of_replicas} --prefix | grep plugin/reload  # what it refused",
        ),
        Scope(FOLLOWS, lambda cell: cell.of_service or cell.server_name in servers),
        "high" if len(odd) == 1 else "medium",
        tell_apart="within a minute after an edit this is normal: ask again",
    )
