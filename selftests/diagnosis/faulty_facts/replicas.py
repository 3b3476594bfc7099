"""Facts of a cluster whose replicas do not run, or do not see the API server."""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from selftests.diagnosis.edit_facts import (
    Change,
    crashing,
    deviating,
    edited,
    failing,
    inventory,
    no_endpoints,
    saying,
    touching,
)
from selftests.diagnosis.faulty_facts.places import READY, WORKLOAD, to_service
from selftests.diagnosis.faulty_facts.service import not_ready


def killed(facts: Facts) -> Facts:
    """The replicas need too much memory."""
    name = f"{WORKLOAD}::test_no_replica_keeps_restarting"
    return failing(crashing(facts, "", "OOMKilled"), name)


def scaled(facts: Facts) -> Facts:
    """Nobody is wanted."""
    faulty = edited(facts, "workload", lambda w: w["spec"].update(replicas=0))
    faulty = no_endpoints(inventory(faulty, pods=()))
    gone = tuple(t for t in faulty.talks if not t.server.startswith("pod/"))
    return failing(to_service("refused")(replace(faulty, talks=gone, logs={}, metrics={})), READY)


def unschedulable(facts: Facts) -> Facts:
    """No node fits."""

    def wait(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
            pod["status"].update(phase="Pending", podIPs=[], containerStatuses=[], conditions=[why])

    faulty = no_endpoints(edited(facts, "pods", wait))
    gone = tuple(t for t in faulty.talks if not t.server.startswith("pod/"))
    return failing(to_service("refused")(replace(faulty, talks=gone, logs={}, metrics={})), READY)


def other_image(facts: Facts) -> Facts:
    """One replica was given an image that nobody has, and must start anew."""

    def edit(pods: tuple[Manifest, ...]) -> None:
        status = pods[0]["status"]
        pods[0]["spec"]["containers"] = [{"name": "coredns", "image": "localhost/none:v0"}]
        status["conditions"][0]["status"] = "False"
        status["containerStatuses"][0].update(state={"waiting": {"reason": "CrashLoopBackOff"}})

    faulty = edited(facts, "pods", edit)
    name = f"pod/{faulty.inventory.pods[0]['metadata']['name']}"
    dead = saying(faulty, lambda t: "refused" if t.server == name else None)
    return failing(touching(dead, lambda c: "refused" if c.server == name else None), READY)


def alone(facts: Facts) -> Facts:
    """One replica."""
    faulty = edited(facts, "workload", lambda w: w["spec"].update(replicas=1))
    faulty = inventory(faulty, pods=facts.inventory.pods[:1])
    return deviating(
        faulty,
        f"{WORKLOAD}::test_there_are_two_replicas",
        f"{WORKLOAD}::test_replicas_are_on_several_nodes",
    )


def unsynced(facts: Facts) -> Facts:
    """Replicas that never heard of the API server."""
    faulty = saying(
        not_ready(facts), lambda t: "SERVFAIL" if t.kind in ("known", "absent") else None
    )
    return touching(faulty, lambda c: "503" if c.what == "/ready" else None)


def forbidden(*kinds: str) -> Change:
    """The ServiceAccount may not read these."""

    def change(facts: Facts) -> Facts:
        rights = {
            name: not name.endswith(tuple(f"-{kind}" for kind in kinds))
            for name in facts.rights or {}
        }
        log = "".join(
            f"[ERROR] plugin/kubernetes: Failed to watch: {kind} is forbidden\n" for kind in kinds
        )
        logs = dict.fromkeys(("coredns-a", "coredns-b"), log)
        return failing(replace(unsynced(facts), rights=rights, logs=logs))

    return change


def api_lost(facts: Facts) -> Facts:
    """The replicas do not reach the API server."""
    line = "[ERROR] plugin/kubernetes: Failed to watch: Get https://10.96.0.1:443: dial tcp "
    logs = dict.fromkeys(("coredns-a", "coredns-b"), f"{line}10.96.0.1:443: i/o timeout\n")
    return failing(replace(unsynced(facts), logs=logs))


FAULTY: dict[str, tuple[str, Change]] = {
    "killed": ("oom", killed),
    "scaled": ("scaled-or-pending", scaled),
    "unschedulable": ("scaled-or-pending", unschedulable),
    "other image": ("scaled-or-pending", other_image),
    "alone": ("single-or-colocated", alone),
    "no slices": ("rbac-endpointslices", forbidden("endpointslices")),
    "no rights": ("rbac-missing", forbidden("services", "namespaces", "endpointslices")),
    "api": ("api-unreachable", api_lost),
}
