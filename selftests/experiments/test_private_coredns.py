"""A private CoreDNS passes PodSecurity "restricted", and stands where the image is at hand."""

from pathlib import Path

import pytest

from clusterdns.cluster import Manifest
from clusterdns.experiments.bench import Place, bench_node
from clusterdns.experiments.forwarding import ForwardingExperiment
from clusterdns.experiments.leaving import LeavingExperiment
from clusterdns.experiments.looping import HiddenLoopExperiment, LoopingExperiment
from clusterdns.experiments.nodenames import kind_nodes
from clusterdns.experiments.reloads import ReloadsExperiment
from clusterdns.private import NotPossible, PrivateCoreDns, may_read_cluster
from clusterdns.private.coredns import identity, main_started
from clusterdns.run.identity import run_of
from clusterdns.run.ownership import why_not_ours
from clusterdns.site import Workspace

from .places import IMAGE, Recorder, inventory, node, replica, workspace

NODES = (node("a"), node("b"), node("c", ready=False))
BINDING: Manifest = {
    "metadata": {"name": "system:coredns"},
    "roleRef": {"kind": "ClusterRole", "name": "system:coredns"},
    "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}],
}
OTHER: Manifest = {
    "metadata": {"name": "other"},
    "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "elsewhere"}],
}


@pytest.fixture
def recorder() -> Recorder:
    """A cluster with two bindings, of which one is CoreDNS' own."""
    return Recorder({"ClusterRoleBinding": [OTHER, BINDING]})


@pytest.fixture
def place(tmp_path: Path, recorder: Recorder) -> Place:
    """A workspace whose replica runs on the second node."""
    found = inventory(NODES, (replica("coredns-1", "b"),))
    made = workspace(tmp_path, found, recorder)
    return Place(made, bench_node(made))


def all_pods(place: Place) -> list[Manifest]:
    """The pods of every private instance."""
    experiments = (
        ForwardingExperiment(place, "coredns"),
        LoopingExperiment(place),
        HiddenLoopExperiment(place),
        ReloadsExperiment(place),
    )
    objects = [o for experiment in experiments for o in experiment.manifests()]
    return [o for o in objects if o["kind"] == "Pod"]


def test_pods_are_restricted(place: Place) -> None:
    """Not root, no privilege to gain, no capability but one, nothing writable."""
    pods = all_pods(place)
    contexts = [c["securityContext"] for pod in pods for c in pod["spec"]["containers"]]
    assert len(pods) == 4
    assert all(pod["spec"]["securityContext"]["runAsNonRoot"] for pod in pods)
    assert {c["allowPrivilegeEscalation"] for c in contexts} == {False}
    assert {c["readOnlyRootFilesystem"] for c in contexts} == {True}
    assert [c["capabilities"] for c in contexts] == [
        {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    ] * len(contexts)


def test_pods_stand_on_the_node_of_a_replica(place: Place) -> None:
    """There the image is, and there CoreDNS reaches the API."""
    assert {pod["spec"]["nodeName"] for pod in all_pods(place)} == {"b"}


def test_coredns_is_that_of_the_cluster(place: Place) -> None:
    """The image is the cluster's, its own entry point starts it, and the files are a folder."""
    coredns = [
        container
        for pod in all_pods(place)
        for container in pod["spec"]["containers"]
        if container["name"] == "main"
    ]
    assert {container["image"] for container in coredns} == {IMAGE}
    assert not any("command" in container for container in coredns)
    mounts = [mount for container in coredns for mount in container["volumeMounts"]]
    assert not any("subPath" in mount for mount in mounts)


def test_all_objects_carry_the_run_and_its_proof(place: Place) -> None:
    """So that they are found and removed; the proof is for the name that they end up with."""
    run = place.workspace.run
    made = [
        *ForwardingExperiment(place, "coredns").manifests(),
        *LeavingExperiment(place).manifests(),
    ]
    assert {run_of(o) for o in made} == {str(run)}
    assert {why_not_ours(o["kind"], o, run) for o in made} == {None}


def test_change_lets_the_kubelet_sync(place: Place, recorder: Recorder) -> None:
    """First the ConfigMap, then an annotation of the pod that differs each time."""
    instance = PrivateCoreDns(place.workspace, "x", {"Corefile": "."}, "b")
    instance.change({"Corefile": "one"})
    instance.change({"Corefile": "two"})
    kinds = [kind for kind, _, _ in recorder.patched]
    notes = [change for kind, _, change in recorder.patched if kind == "Pod"]
    assert kinds == ["ConfigMap", "Pod", "ConfigMap", "Pod"]
    assert notes[0] != notes[1]


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [((replica("coredns-1", "b"),), "b"), ((replica("coredns-1", "c"),), "a"), ((), "a")],
    ids=["of-the-replica", "replica-on-a-sick-node", "no-replica"],
)
def test_node_is_ready(tmp_path: Path, pods: tuple[Manifest, ...], chosen: str) -> None:
    """A node that is not ready is never chosen."""
    assert bench_node(workspace(tmp_path, inventory(NODES, pods), Recorder())) == chosen


def test_without_a_ready_node_nothing_is_possible(tmp_path: Path) -> None:
    """And the reason is told."""
    with pytest.raises(NotPossible, match="no node is ready"):
        bench_node(workspace(tmp_path, inventory(NODES[2:], ()), Recorder()))


def test_role_is_that_of_the_cluster_dns(place: Place, recorder: Recorder) -> None:
    """Not that of a namesake; and the binding is in the ledger before it is made."""
    made: Workspace = place.workspace
    assert may_read_cluster(made) == "coredns"
    binding = next(o for o in recorder.made if o["kind"] == "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == "system:coredns"
    assert made.ledger.open == [f"ClusterRoleBinding {made.run}-coredns"]


def test_without_a_binding_the_cluster_cannot_be_read(tmp_path: Path) -> None:
    """Then checks that need it are not run, with this reason."""
    found = inventory(NODES, ())
    recorder = Recorder({"ClusterRoleBinding": [OTHER]})
    with pytest.raises(NotPossible, match="no ClusterRole is bound to kube-system/coredns"):
        may_read_cluster(workspace(tmp_path, found, recorder))


def test_nodes_of_kind_are_names_outside() -> None:
    """One question for each family that a node has an address of."""
    expected = [str(e) for e in kind_nodes(inventory(NODES[:1], ())).values()]
    assert expected == ["NOERROR [a. A 172.18.0.2]", "NOERROR [a. AAAA fc00::2]"]


def test_process_is_told_by_container_and_restarts() -> None:
    """The companion's container does not count, and a pod without status is no process."""

    def pod(state: str, restarts: int) -> Manifest:
        main = {"name": "main", "containerID": "x://1", "restartCount": restarts}
        other = {"name": "witness", "containerID": "x://2", "restartCount": 9}
        statuses = [{**other, "state": {}}, {**main, "state": {state: {}}}]
        return {"status": {"containerStatuses": statuses}}

    assert (identity(pod("running", 0)), identity({})) == (("x://1", 0), ("", 0))
    assert [main_started(pod(state, 0)) for state in ("running", "terminated", "waiting")] == [
        True,
        True,
        False,
    ]
