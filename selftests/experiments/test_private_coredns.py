"""A private CoreDNS passes PodSecurity "restricted", and stands where the image is at hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.corefile.settings import Kubernetes
from clusterdns.experiments import EXPERIMENTS
from clusterdns.experiments.context import ExperimentSetup, instance_node
from clusterdns.experiments.forwarding.experiment import ForwardingExperiment
from clusterdns.experiments.forwarding.outside_names import kind_nodes
from clusterdns.experiments.leaving.experiment import LeavingExperiment
from clusterdns.experiments.loops.experiment import HiddenLoopExperiment, LoopingExperiment
from clusterdns.experiments.reload.experiment import ReloadsExperiment
from clusterdns.experiments.runner import read_by_experiments, read_by_files
from clusterdns.inventory.permissions import (
    ENDPOINTS,
    ENDPOINTSLICES,
    NAMESPACES,
    PODS,
    SERVICEIMPORTS,
    SERVICES,
    read_by,
)
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns, may_read_cluster, why_no_coredns
from clusterdns.own_coredns.instance import identity, main_started
from clusterdns.run.identity import run_of
from clusterdns.run.ownership import why_not_ours
from clusterdns.testbed.testbed import Workspace
from clusterdns.upgrade.target import Target
from selftests.diagnosis.healthy_facts import COREFILE

from .places import IMAGE, Recorder, inventory, node, replica, workspace

NODES = (node("a"), node("b"), node("c", ready=False))
# A legacy binding: the account of the cluster's CoreDNS may do anything.
ADMIN: Manifest = {
    "metadata": {"name": "legacy"},
    "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}],
}


@pytest.fixture
def recorder() -> Recorder:
    """A cluster whose CoreDNS is bound to cluster-admin."""
    return Recorder({"ClusterRoleBinding": [ADMIN]})


@pytest.fixture
def setup(tmp_path: Path, recorder: Recorder) -> ExperimentSetup:
    """A workspace whose replica runs on the second node."""
    found = inventory(NODES, (replica("coredns-1", "b"),))
    made = workspace(tmp_path, replace(found, corefile_text=COREFILE), recorder)
    return ExperimentSetup(made, instance_node(made), target=Target("1.14.7"))


def all_pods(setup: ExperimentSetup) -> list[Manifest]:
    """The pods of every private instance."""
    experiments = (
        ForwardingExperiment(setup, "coredns"),
        LoopingExperiment(setup),
        HiddenLoopExperiment(setup),
        ReloadsExperiment(setup),
    )
    objects = [o for experiment in experiments for o in experiment.manifests()]
    return [o for o in objects if o["kind"] == "Pod"]


def test_pods_are_restricted(setup: ExperimentSetup) -> None:
    """Not root, no privilege to gain, no capability but one, nothing writable."""
    pods = all_pods(setup)
    contexts = [c["securityContext"] for pod in pods for c in pod["spec"]["containers"]]
    assert len(pods) == 4
    assert all(pod["spec"]["securityContext"]["runAsNonRoot"] for pod in pods)
    assert {c["allowPrivilegeEscalation"] for c in contexts} == {False}
    assert {c["readOnlyRootFilesystem"] for c in contexts} == {True}
    assert [c["capabilities"] for c in contexts] == [
        {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    ] * len(contexts)


def test_pods_stand_on_the_node_of_a_replica(setup: ExperimentSetup) -> None:
    """There the image is, and there CoreDNS reaches the API."""
    assert {pod["spec"]["nodeName"] for pod in all_pods(setup)} == {"b"}


def test_coredns_is_that_of_the_cluster(setup: ExperimentSetup) -> None:
    """The image is the cluster's, its own entry point starts it, and the files are a folder."""
    coredns = [
        container
        for pod in all_pods(setup)
        for container in pod["spec"]["containers"]
        if container["name"] == "main"
    ]
    assert {container["image"] for container in coredns} == {IMAGE}
    assert not any("command" in container for container in coredns)
    mounts = [mount for container in coredns for mount in container["volumeMounts"]]
    assert not any("subPath" in mount for mount in mounts)


def test_all_objects_carry_the_run_and_its_proof(setup: ExperimentSetup) -> None:
    """So that they are found and removed; the proof is for the name that they end up with."""
    run = setup.workspace.run
    made = [
        *ForwardingExperiment(setup, "coredns").manifests(),
        *LeavingExperiment(setup).manifests(),
    ]
    assert {run_of(o) for o in made} == {str(run)}
    assert {why_not_ours(o["kind"], o, run) for o in made} == {None}


def test_change_lets_the_kubelet_sync(setup: ExperimentSetup, recorder: Recorder) -> None:
    """First the ConfigMap, then an annotation of the pod that differs each time."""
    instance = OwnCoreDns(setup.workspace, "x", {"Corefile": "."}, "b")
    instance.change({"Corefile": "one"})
    instance.change({"Corefile": "two"})
    kinds = [kind for kind, _, _ in recorder.patched]
    notes = [change for kind, _, change in recorder.patched if kind == "Pod"]
    assert kinds == ["ConfigMap", "Pod", "ConfigMap", "Pod"]
    assert notes[0] != notes[1]


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [((replica("coredns-1", "b"),), "b"), ((replica("coredns-1", "c"),), "a"), ((), "a")],
    ids=["of-the-replica", "replica-on-a-faulty-node", "no-replica"],
)
def test_node_is_ready(tmp_path: Path, pods: tuple[Manifest, ...], chosen: str) -> None:
    """A node that is not ready is never chosen."""
    assert instance_node(workspace(tmp_path, inventory(NODES, pods), Recorder())) == chosen


def test_without_a_ready_node_nothing_is_possible(tmp_path: Path) -> None:
    """And the reason is told."""
    with pytest.raises(NotPossibleError, match="no node is ready"):
        instance_node(workspace(tmp_path, inventory(NODES[2:], ()), Recorder()))


def test_role_is_our_own(setup: ExperimentSetup, recorder: Recorder) -> None:
    """List and watch on what was asked for, whatever the cluster's CoreDNS is bound to."""
    made: Workspace = setup.workspace
    assert may_read_cluster(made, (SERVICES, PODS, ENDPOINTSLICES)) == "coredns"
    kinds = {o["kind"]: o for o in recorder.made}
    name = f"{made.run}-coredns"
    verbs = ["list", "watch"]
    assert kinds["ClusterRole"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
    assert kinds["ClusterRole"]["metadata"]["name"] == name
    assert kinds["ClusterRoleBinding"]["roleRef"]["name"] == name
    assert {run_of(kinds[k]) for k in kinds} == {str(made.run)}
    assert made.ledger.open == [f"ClusterRoleBinding {name}", f"ClusterRole {name}"]


def test_rights_are_those_that_the_corefiles_need(setup: ExperimentSetup) -> None:
    """No experiment may read more than its kubernetes plugins list and watch."""
    plain = {SERVICES, NAMESPACES, ENDPOINTSLICES}
    needs = {n: what for n, e in EXPERIMENTS.items() if (what := read_by_experiments(setup, [e]))}
    assert needs == dict.fromkeys(needs, plain) | {"configured": plain | {PODS}}
    assert {n for n, each in EXPERIMENTS.items() if each.reads_cluster} == needs.keys()


def test_experiment_that_reads_the_cluster_says_so(setup: ExperimentSetup) -> None:
    """Else its account is made without the rights that its Corefile needs."""
    setup = replace(setup, account="coredns")
    found = setup.workspace.inventory
    reading = {n for n, e in EXPERIMENTS.items() if read_by_files(e.make(setup).manifests(), found)}
    assert reading == {n for n, each in EXPERIMENTS.items() if each.reads_cluster}


def test_old_versions_and_options_read_otherwise() -> None:
    """plugin/kubernetes: Endpoints before 1.9.0, no slices with noendpoints, imports if told."""
    assert read_by(Kubernetes(("x.",)), (1, 8, 6)) >= {ENDPOINTS, ENDPOINTSLICES}
    assert read_by(Kubernetes(("x.",), noendpoints=True)) == {SERVICES, NAMESPACES}
    assert SERVICEIMPORTS in read_by(Kubernetes(("x.",), multicluster=("clusterset.local.",)))


@pytest.mark.parametrize("refused", ["ClusterRole", "ServiceAccount", "ClusterRoleBinding"])
def test_without_the_right_the_cluster_cannot_be_read(tmp_path: Path, refused: str) -> None:
    """Then checks that need it are not run, with what the API server said."""
    said = f"attempting to grant RBAC permissions not currently held: {refused}"

    class Refuses(Recorder):
        def create(self, manifest: Manifest) -> Manifest:
            if manifest["kind"] == refused:
                error = ApiException(status=403, reason="Forbidden")
                error.body = json.dumps({"message": said})
                raise error
            return super().create(manifest)

    found = inventory(NODES, ())
    with pytest.raises(NotPossibleError, match=said):
        may_read_cluster(workspace(tmp_path, found, Refuses()), (SERVICES,))


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


@pytest.mark.parametrize(
    ("container", "image", "possible"),
    [
        ("coredns", "mirror.example/coredns/coredns:v1.12.1", True),
        ("coredns", "mirror.example/dns@sha256:0123", True),  # as some distributions pin it
        ("kubedns", "mirror.example/coredns:1.12.1", True),
        ("kubedns", "mirror.example/k8s-dns-kube-dns:1.23.0", False),
    ],
)
def test_coredns_is_known_by_its_container_or_its_image(
    container: str, image: str, possible: bool
) -> None:
    """Experiments and diagnosis ask the same question, and say the same where there is none."""
    found = inventory((), (), image)
    assert found.workload is not None
    found.workload["spec"]["template"]["spec"]["containers"][0]["name"] = container
    words = "" if possible else f"a CoreDNS image is needed, and cluster DNS runs {image}"
    assert why_no_coredns(found) == words


@pytest.mark.parametrize(
    ("nodes", "chosen"),
    [(NODES, "a"), (NODES[:2], None), ((NODES[2],), None)],
    ids=["one-is-not-ready", "all-are", "none-is"],
)
def test_pod_that_goes_anywhere_goes_to_no_node_that_is_not_ready(
    nodes: tuple[Manifest, ...], chosen: str | None, tmp_path: Path, recorder: Recorder
) -> None:
    """It tolerates the taint of such nodes, so that the scheduler might choose one."""
    place = workspace(tmp_path, inventory(nodes, ()), recorder)
    assert OwnCoreDns(place, "counter", {}).pod()["spec"].get("nodeName") == chosen
