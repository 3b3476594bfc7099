"""Whether a Deployment can be rolled out at all, and whether DNS answers meanwhile."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from clusterdns.cluster import Manifest, is_ready

HOSTNAME = "kubernetes.io/hostname"
QUARTER = "25%"  # Kubernetes' default of both numbers
REFUSING = ("NoSchedule", "NoExecute")


class Pace(NamedTuple):
    """How many replicas a roll-out may lack, and have beyond those that are wanted."""

    unavailable: int
    surge: int


def pace_of(workload: Manifest) -> Pace:
    """The two numbers of a Deployment (API reference, DeploymentStrategy): up and down."""
    spec = workload.get("spec", {})
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    wanted = int(spec.get("replicas", 1))
    unavailable = math.floor(_share(rolling.get("maxUnavailable", QUARTER), wanted))
    surge = math.ceil(_share(rolling.get("maxSurge", QUARTER), wanted))
    return Pace(unavailable, surge) if unavailable or surge else Pace(1, 0)


def _share(value: int | str, whole: int) -> float:
    if isinstance(value, str) and value.endswith("%"):
        return int(value[:-1]) * whole / 100
    return float(value)


def hindrances(workload: Manifest, nodes: Iterable[Manifest]) -> Iterator[str]:
    """Why a roll-out of a Deployment would not come to its end; a DaemonSet's always does."""
    spec = workload.get("spec", {})
    if not _is_deployment(workload):
        return
    pod = spec.get("template", {}).get("spec", {})
    places = [node for node in nodes if takes(node, pod)]
    wanted = int(spec.get("replicas", 1))
    name = f"deployment/{workload['metadata']['name']}"
    if spec.get("paused"):
        yield (f"{name} is paused: no new replica is started; end that with kubectl rollout resume")
    if wanted and not places:
        yield f"no node takes a replica of {name}: see its nodeSelector, tolerations, and nodes"
        return
    if _is_recreated(workload):
        return
    alone = _why_alone(spec.get("template", {}))
    if alone and pace_of(workload).unavailable == 0 and wanted >= len(places):
        yield (
            f"{name} has {wanted} replicas on {len(places)} nodes that take one each ({alone}), "
            "and none may be away (maxUnavailable 0): the first new one finds no node, and the "
            "roll-out stands still; set maxUnavailable to 1 for it, or add a node"
        )


def gaps(workload: Manifest, ready: int) -> Iterator[str]:
    """When nobody, or nobody who was there before, answers during a roll-out."""
    if not _is_deployment(workload):
        return
    wanted = int(workload.get("spec", {}).get("replicas", 1))
    name = f"deployment/{workload['metadata']['name']}"
    if _is_recreated(workload):
        yield (
            f"{name} is rolled out by ending all replicas first (strategy Recreate): nothing "
            "answers until a new one is ready; set it to RollingUpdate"
        )
        return
    unavailable = pace_of(workload).unavailable
    if 0 < wanted <= unavailable:
        yield (
            f"{name} has {wanted} replica{'s' * (wanted > 1)}, and {unavailable} may be away at "
            f"once: nothing answers until a new one is ready; scale it to {unavailable + 1} first"
        )
    elif 0 < ready <= unavailable:
        yield (
            f"only {ready} of {wanted} replicas of {name} are ready, and {unavailable} may be away "
            "at once: mend the others first"
        )


def tight_budgets(
    budgets: Iterable[Manifest], labels: Mapping[str, str], ready: int, wanted: int
) -> Iterator[str]:
    """The PodDisruptionBudgets that let no replica go although all are ready.

    ``labels``: of the replicas. They do not stop a roll-out, but the drain of a node does not end.
    """
    if ready < wanted:
        return
    for budget in budgets:
        selector = budget.get("spec", {}).get("selector")
        allowed = budget.get("status", {}).get("disruptionsAllowed")
        if selector is None or allowed != 0 or not _selects(selector, labels):
            continue
        meta = budget["metadata"]
        yield (
            f"poddisruptionbudget/{meta['name']} in {meta.get('namespace')} lets none of {ready} "
            "replicas go: the drain of a node waits for ever, and an EKS add-on is not updated; "
            "raise the replicas, or allow one (maxUnavailable: 1)"
        )


def takes(node: Manifest, pod: Manifest) -> bool:
    """Whether a node is ready and takes a pod, by selector and taints; room is not counted."""
    labels = node["metadata"].get("labels") or {}
    spec = node.get("spec", {})
    wanted = pod.get("nodeSelector") or {}
    if spec.get("unschedulable") or not is_ready(node) or not wanted.items() <= labels.items():
        return False
    tolerations = pod.get("tolerations") or []
    taints = [t for t in spec.get("taints") or [] if t.get("effect") in REFUSING]
    return all(any(_tolerates(one, taint) for one in tolerations) for taint in taints)


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    asked = (taint.get("key"), taint.get("value", ""))
    return (toleration.get("key"), toleration.get("value", "")) == asked


def _why_alone(template: Manifest) -> str:
    """Why two replicas never share a node; empty where they may."""
    spec, labels = template.get("spec", {}), (template.get("metadata") or {}).get("labels") or {}
    if spec.get("hostNetwork"):
        return "hostNetwork"
    anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    for term in anti.get("requiredDuringSchedulingIgnoredDuringExecution") or []:
        if term.get("topologyKey") == HOSTNAME and _selects(term.get("labelSelector"), labels):
            return "a required podAntiAffinity"
    ports = [p for c in spec.get("containers") or [] for p in c.get("ports") or []]
    return "a hostPort" if any(p.get("hostPort") for p in ports) else ""


def _selects(selector: Manifest | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector of the API matches; one without any demand matches everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    demands = selector.get("matchExpressions") or []
    plain: bool = wanted.items() <= labels.items()
    return plain and all(_holds(one, labels) for one in demands)


def _holds(demand: Manifest, labels: Mapping[str, str]) -> bool:
    value = labels.get(demand.get("key", ""))
    values: Collection[str] = demand.get("values") or ()
    match demand.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def _is_deployment(workload: Manifest) -> bool:
    """By its kind where the API told it, else by what only a DaemonSet's status has."""
    if "kind" in workload:
        return str(workload["kind"]) == "Deployment"
    return "desiredNumberScheduled" not in workload.get("status", {})


def _is_recreated(workload: Manifest) -> bool:
    return (workload.get("spec", {}).get("strategy") or {}).get("type") == "Recreate"
