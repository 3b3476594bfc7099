"""Commands that start something anew, so that no remedy takes DNS down.

Every cause has its restarts from here: replicas are rolled out by their workload and never
deleted together; what would take all of them away at once says so, and what to do first.
"""

import math

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts, kind_of
from clusterdns.diagnosis.running import broken_corefile, takes_up_edits
from clusterdns.inventory.shape import desired_replicas

KUBELET = "/var/lib/kubelet/config.yaml"
BY_ITSELF = "reload is on: CoreDNS takes the edit up by itself, within two minutes"


def after_edit(facts: Facts) -> tuple[str, ...]:
    """What is to be done when the Corefile was edited: nothing where the replicas reload it."""
    if takes_up_edits(facts):
        return (BY_ITSELF,)
    return restart(facts, when="once the Corefile is right")


def restart(facts: Facts, when: str = "") -> tuple[str, ...]:
    """The commands that make new replicas, by whoever owns them; ``when`` stands behind them.

    Nothing where there is nothing to restart. Before anything else stands an error of the
    Corefile, for new replicas would not start with it.
    """
    lines: list[str] = []
    if (why := broken_corefile(facts)) and not when:
        lines.append(f"first correct the Corefile, new replicas would not start with it: {why}")
    behind = f"  # {when}" if when else ""
    for workload in facts.inventory.workloads:
        if warning := at_once(workload):
            lines.append(f"beware: {warning}{_first(facts, workload)}")
        lines.append(f"{facts.ks} rollout restart {named(workload)}{behind}")
        if _strategy(workload).get("type") == "OnDelete":
            lines.append("its strategy is OnDelete: then replace its pods one at a time, by name")
    if not facts.inventory.workloads:
        lines += [_of_pod(facts, pod) for pod in facts.inventory.pods]
    return tuple(lines)


def rolls(facts: Facts) -> tuple[str, ...]:
    """What to know before the workload is changed, which starts its replicas anew."""
    warnings = [at_once(workload) for workload in facts.inventory.workloads]
    return tuple(f"beware: {warning}" for warning in warnings if warning)


def named(workload: Manifest) -> str:
    """A workload as kubectl names it."""
    return f"{kind_of(workload)}/{workload['metadata']['name']}"


def at_once(workload: Manifest) -> str:
    """Why a roll-out takes all replicas of a workload away together; empty when it does not."""
    strategy, wanted = _strategy(workload), desired_replicas(workload)
    if strategy.get("type") == "OnDelete" or wanted == 0:
        return ""
    daemons = kind_of(workload) == "daemonset"
    rolling = strategy.get("rollingUpdate") or {}
    most = _number(rolling.get("maxUnavailable", 1 if daemons else "25%"), wanted, up=daemons)
    spare = _number(rolling.get("maxSurge", 0 if daemons else "25%"), wanted, up=True)
    if strategy.get("type") == "Recreate":
        why = "its strategy is Recreate"
    elif most >= wanted or (most == spare == 0 and wanted == 1):
        given = rolling.get("maxUnavailable", 1)
        why = "it has one replica" if wanted == 1 else f"its strategy has maxUnavailable {given}"
    else:
        return ""
    return (
        f"{why}, so that {named(workload)} takes down all that it runs at once: DNS is away until "
        "the new ones are ready."
    )


def _first(facts: Facts, workload: Manifest) -> str:
    """What avoids it, if it can be avoided."""
    if kind_of(workload) == "deployment" and _strategy(workload).get("type") != "Recreate":
        if desired_replicas(workload) == 1:
            return f" First: {facts.ks} scale {named(workload)} --replicas=2, and wait for it"
        return f" First, with {facts.ks} edit {named(workload)}: maxUnavailable 1"
    if kind_of(workload) == "deployment":
        return f" First, with {facts.ks} edit {named(workload)}: type RollingUpdate"
    return " Choose a time when that does no harm"


def _strategy(workload: Manifest) -> Manifest:
    spec = workload.get("spec", {})
    found: Manifest = spec.get("updateStrategy") or spec.get("strategy") or {}
    return found


def _number(value: object, wanted: int, up: bool) -> int:
    """A number of pods, or a share of those wanted (API reference, RollingUpdate)."""
    text = str(value)
    if text.endswith("%"):
        share = float(text[:-1]) * wanted / 100
        return math.ceil(share) if up else math.floor(share)
    return int(text)


def _of_pod(facts: Facts, pod: Manifest) -> str:
    """How a pod that no workload of ours owns is started anew."""
    name, node = pod["metadata"]["name"], pod["spec"].get("nodeName", "its node")
    owners = pod["metadata"].get("ownerReferences") or []
    if any(owner["kind"] == "Node" for owner in owners):
        return (
            f"{name} is a static pod: on {node} move its file out of the kubelet's staticPodPath, "
            "and back when it is gone; one node after the other"
        )
    if owners:
        return (
            f"{name} belongs to {owners[0]['kind']} {owners[0]['name']}: let its owner roll it "
            "out anew, one pod after the other"
        )
    return (
        f"{name} has no owner, so nobody makes it anew when it is gone: put a Deployment in its "
        f"place first ({facts.ks} get pod {name} -o yaml shows what it runs)"
    )


def one_pod(facts: Facts, pod: Manifest) -> str:
    """The command that starts one pod of a DaemonSet anew, on its node alone."""
    meta = pod["metadata"]
    where = f"-n {meta.get('namespace') or 'kube-system'}"
    return f"{facts.kubectl} {where} delete pod {meta['name']}"


def set_in_kubelet(nodes: str, setting: str) -> tuple[str, str]:
    """How a setting of kubelets is changed: node by node, and what that means for pods."""
    order = ", one node after the other" if "," in nodes else ""
    return (
        f"on {nodes}{order}: set {setting} in {KUBELET} (or its drop-in), then: "
        "systemctl restart kubelet  # pods run on meanwhile",
        "resolv.conf is written when a pod starts: roll out the workloads there anew, at a time "
        "that suits each",
    )
