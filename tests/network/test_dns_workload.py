"""The Deployment or DaemonSet that runs the replicas, and the replicas themselves."""

import pytest

from clusterdns.inventory.features import in_words
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.shape import (
    missing_probe,
    nodes_of,
    troubles,
    unsafe_settings,
    wanted_replicas,
)

pytestmark = [pytest.mark.about("workload"), pytest.mark.needs("dns-objects")]


def test_workload_exists(inventory: Inventory) -> None:
    """A Deployment or DaemonSet must run cluster DNS."""
    assert inventory.workload, (
        f"nothing labelled k8s-app=kube-dns runs in {inventory.namespace}: "
        f"kubectl -n {inventory.namespace} get deployments,daemonsets"
    )


@pytest.mark.quick
def test_wanted_replicas_are_ready(inventory: Inventory) -> None:
    """As many replicas as wanted must be ready, and at least one must be wanted."""
    desired = wanted_replicas(inventory)
    ready = len(inventory.ready_pods)
    assert (ready, desired >= 1) == (desired, True), (
        f"{ready} of {desired} replicas are ready; "
        f"{ {p['metadata']['name']: p['status'].get('phase') for p in inventory.pods} }"
    )


@pytest.mark.about("replica-restarts")
def test_no_replica_keeps_restarting(inventory: Inventory) -> None:
    """No replica's container may wait in a back-off, or have died since it became ready."""
    found = {p["metadata"]["name"]: troubles(p) for p in inventory.pods if troubles(p)}
    assert found == {}, f"kubectl -n {inventory.namespace} logs --previous POD; {found}"


@pytest.mark.about("replica-count")
@pytest.mark.level("advice")
def test_there_are_two_replicas(inventory: Inventory) -> None:
    """One replica is an outage at each restart: there should be two."""
    assert len(inventory.ready_pods) >= 2, [p["metadata"]["name"] for p in inventory.ready_pods]


@pytest.mark.about("replica-spread")
@pytest.mark.level("advice")
def test_replicas_are_on_several_nodes(inventory: Inventory) -> None:
    """Replicas should be spread: cluster DNS should survive the loss of one node."""
    nodes = nodes_of(inventory.ready_pods)
    assert len(nodes) > 1 or len(inventory.nodes) == 1, (
        f"the replicas that are ready run on {sorted(nodes)} alone: once all nodes have "
        f"joined, a rollout restart of {in_words(inventory.workload)} spreads them"
    )


def test_dns_policy_is_default(inventory: Inventory) -> None:
    """The replicas must take their upstreams from the node, or they would ask themselves."""
    policy = inventory.pod_spec.get("dnsPolicy")
    assert policy == "Default", f"dnsPolicy of the replicas: {policy}"


@pytest.mark.level("advice")
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param("livenessProbe", "/health", marks=pytest.mark.about("liveness-probe")),
        pytest.param("readinessProbe", "/ready", marks=pytest.mark.about("readiness-probe")),
    ],
)
def test_container_is_probed(inventory: Inventory, kind: str, path: str) -> None:
    """Liveness should be judged by /health, and readiness by /ready, which waits for the API."""
    assert missing_probe(inventory.container, kind, path) == "", inventory.container.get(kind)


@pytest.mark.level("advice")
def test_container_has_few_rights(inventory: Inventory) -> None:
    """The container should drop all capabilities but one, and not write to its image."""
    assert unsafe_settings(inventory.container) == [], inventory.container.get("securityContext")


@pytest.mark.level("advice")
def test_container_has_a_memory_limit(inventory: Inventory) -> None:
    """A forwarding loop or a flood should end in a restart of the container, not of the node."""
    limits = inventory.container.get("resources", {}).get("limits", {})
    assert "memory" in limits, inventory.container.get("resources")


@pytest.mark.level("advice")
def test_priority_class_is_critical(inventory: Inventory) -> None:
    """Cluster DNS should not be evicted before ordinary pods."""
    priority = inventory.pod_spec.get("priorityClassName")
    assert priority in ("system-cluster-critical", "system-node-critical"), priority


def test_container_reads_the_corefile(inventory: Inventory) -> None:
    """The container must be started with the Corefile that its ConfigMap is mounted as."""
    arguments = [*inventory.container.get("command", []), *inventory.container.get("args", [])]
    mounts = [m["mountPath"].rstrip("/") for m in inventory.container.get("volumeMounts", [])]
    corefile = arguments[arguments.index("-conf") + 1] if "-conf" in arguments else ""
    assert corefile.rpartition("/")[0] in mounts, f"arguments {arguments}, mounts {mounts}"
