"""On a real cluster: namespaces gone in time, a killed run removed, nothing of others touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterdns.cluster import RUN_LABEL, Cluster, Manifest
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.dead_runs import what_dead_runs_left
from clusterdns.run.identity import RunId
from clusterdns.run.undoing import CHANGED_BY, content
from clusterdns.testbed.manifests import pod
from clusterdns.wait import eventually

DELETED_WITHIN = 10.0  # seconds until the namespaces of a run are verified gone

IMAGE = os.environ.get("CLUSTERDNS_DNSUTILS_IMAGE", "localhost/dnsutils:1")
STUBBORN = ["perl", "-e", "$SIG{TERM} = 'IGNORE'; sleep 1 while 1"]
KILLED = """
import sys, time
from pathlib import Path
from clusterdns.run import lease
lease.DURATION, lease.RENEW_EVERY = 8, 2.0
from clusterdns.cluster import Cluster, Manifest
from clusterdns.run.active import Run
from clusterdns.run.reachable import connect
run = Run.start(Path(sys.argv[1]))
run.enter(Cluster(connect(sys.argv[2], sys.argv[3]), sys.argv[3], sys.argv[2]))
run.create_cluster_scoped({
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": f"{run.id}-selftest"}, "rules": [],
})
own = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"Corefile": "original\\n"},
       "metadata": {"name": "theirs", "namespace": sys.argv[4]}}
def edit(found):
    found["data"] = {"Corefile": "changed"}
    return found
run.change("ConfigMap", sys.argv[4], "theirs", edit)
run.touch(sys.argv[5], sys.argv[6])
print(run.id, flush=True)
time.sleep(120)
"""


@pytest.fixture
def run(tmp_path: Path, cluster: Cluster) -> Iterator[Run]:
    """A run with its namespaces; whatever the test does, they go."""
    started = Run.start(tmp_path / "runs")
    started.enter(cluster)
    yield started
    started.finish(30)


@pytest.fixture
def theirs(cluster: Cluster) -> Iterator[str]:
    """A namespace with a ConfigMap that no run has made."""
    name = f"selftest-{RunId.new()}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": name, "annotations": {"a": "b"}},
            "data": {"Corefile": "original\n"},
        }
    )
    yield name
    cluster.delete("Namespace", name)


def start_pods(cluster: Cluster, run: Run, namespace: str, grace_s: int) -> None:
    """One running pod per node, which ignores SIGTERM."""
    names = [node["metadata"]["name"] for node in cluster.list("Node")]
    for name in names:
        made = pod(run.id, f"stubborn-{name}", namespace, IMAGE, command=STUBBORN, node=name)
        made["spec"]["terminationGracePeriodSeconds"] = grace_s
        cluster.create(made)

    def running() -> int:
        found = cluster.list("Pod", namespace)
        return sum(each["status"].get("phase") == "Running" for each in found)

    assert eventually(running, len(names), within=30) == len(names)


@pytest.mark.parametrize("grace_s", [0, 30])
def test_namespaces_with_stubborn_pods_are_gone_in_time(
    cluster: Cluster, run: Run, grace_s: int
) -> None:
    """Pods that ignore SIGTERM on every node do not hold the namespaces."""
    assert run.places is not None
    start_pods(cluster, run, run.places.main, grace_s)
    started = time.monotonic()

    result = run.finish(30)

    seconds = time.monotonic() - started
    print(f"gone after {seconds:.1f} s")
    assert result.state == "clean", result.leftovers
    assert cluster.list("Namespace", labels=run.id.selector) == []
    assert seconds < DELETED_WITHIN


def test_a_finalizer_is_named(cluster: Cluster, run: Run) -> None:
    """What holds a namespace is in the leftovers; a second call finishes the work."""
    held = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "held",
            "namespace": run.id.namespace,
            "finalizers": ["example.org/hold"],
        },
    }
    cluster.create(run.labelled(held))

    first = run.finish(15)
    cluster.patch("ConfigMap", "held", run.id.namespace, {"metadata": {"finalizers": None}})
    second = run.finish(20)

    assert first.state == "changed"
    assert any("example.org/hold" in each for each in first.leftovers), first.leftovers
    assert second.state == "clean", second.leftovers


@pytest.fixture
def dns_pod(cluster: Cluster) -> Manifest:
    """One of the cluster's own DNS pods."""
    listed = cluster.list("Pod", "kube-system", labels="k8s-app=kube-dns")
    return cluster.get("Pod", listed[0]["metadata"]["name"], "kube-system")


def kill_a_run(cluster: Cluster, folder: Path, theirs: str, dns_pod: Manifest) -> str:
    """Start a run that changes what is not its own, look at it, and kill it; its id."""
    place = [dns_pod["metadata"]["namespace"], dns_pod["metadata"]["name"]]
    arguments = [str(folder), cluster.kubeconfig or "", cluster.context, theirs, *place]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    live = what_dead_runs_left(folder) + what_dead_runs_left(folder, cluster)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not any(run in line for line in live)
    return run


def test_a_killed_run_is_removed_and_its_change_undone(
    cluster: Cluster, theirs: str, dns_pod: Manifest, tmp_path: Path
) -> None:
    """After kill -9: named, waited for until its lease runs out, removed, restored, verified."""
    before = cluster.get("ConfigMap", "theirs", theirs)
    run = kill_a_run(cluster, tmp_path, theirs, dns_pod)
    said: list[str] = []

    notice = what_dead_runs_left(tmp_path)
    result = clean_up(tmp_path, cluster, None, 30, say=said.append)
    after = cluster.get("ConfigMap", "theirs", theirs)
    pod = cluster.get("Pod", dns_pod["metadata"]["name"], dns_pod["metadata"]["namespace"])

    assert [run in line for line in notice] == [True]
    assert len(result.restored) == 2, said
    assert f"ConfigMap {theirs}/theirs" in result.restored, said
    assert not any(run in line for line in result.leftovers), said
    assert cluster.list("Namespace", labels=f"{RUN_LABEL}={run}") == []
    assert cluster.find("ClusterRole", f"{run}-selftest") is None
    assert content(after) == content(before)
    assert content(pod) == content(dns_pod)
    assert list(tmp_path.glob("*.json")) == []


def test_any_other_machine_restores_and_leaves_copies(
    cluster: Cluster, theirs: str, dns_pod: Manifest, tmp_path: Path
) -> None:
    """After kill -9, and the state file lost: a namespace that bears all our marks stays."""
    before = cluster.get("ConfigMap", "theirs", theirs)
    run = kill_a_run(cluster, tmp_path, theirs, dns_pod)
    changed = cluster.get("ConfigMap", "theirs", theirs)
    (tmp_path / f"{run}.json").unlink()
    marks = cluster.get("Namespace", run)["metadata"]
    copy = {"labels": marks["labels"], "annotations": marks["annotations"]}
    cluster.patch("Namespace", theirs, None, {"metadata": copy})
    said: list[str] = []

    result = eventually(
        lambda: clean_up(tmp_path, cluster, None, 30, say=said.append),
        lambda found: bool(found.restored),
        within=40,
        every=1.0,
    )
    after = cluster.get("ConfigMap", "theirs", theirs)
    pod = cluster.get("Pod", dns_pod["metadata"]["name"], dns_pod["metadata"]["namespace"])

    assert changed["data"] == {"Corefile": "changed"}
    assert changed["metadata"]["labels"] == {CHANGED_BY: run}
    assert (result.state, len(result.restored)) == ("clean", 2), said
    assert f"run {run} is alive: it is left alone" in said
    assert content(after) == content(before)
    assert content(pod) == content(dns_pod)
    assert cluster.find("Namespace", run) is None
    assert cluster.find("ClusterRole", f"{run}-selftest") is None
    assert cluster.get("Namespace", theirs)["metadata"].get("deletionTimestamp") is None
    assert any(f"left alone: Namespace {theirs} bears our label" in line for line in said)


def test_a_live_run_in_a_shared_namespace_is_not_harmed(
    cluster: Cluster, theirs: str, tmp_path: Path
) -> None:
    """Its state file is on another machine; what it made says in which namespace its Lease is."""
    run = Run.start(tmp_path / "there")
    run.enter(cluster, theirs)
    try:
        role = {"kind": "ClusterRole", "metadata": {"name": f"{run.id}-selftest"}, "rules": []}
        run.create_cluster_scoped({"apiVersion": "rbac.authorization.k8s.io/v1", **role})
        said: list[str] = []
        clean_up(tmp_path / "here", cluster, None, 30, say=said.append)
        there = cluster.find("ClusterRole", f"{run.id}-selftest")
        lease = cluster.find("Lease", str(run.id), theirs)
    finally:
        result = run.finish(30)

    assert there is not None
    assert lease is not None
    assert f"run {run.id} is alive: it is left alone" in said
    assert result.state == "clean", result.leftovers
    assert cluster.find("ClusterRole", f"{run.id}-selftest") is None


def test_an_existing_namespace_survives(cluster: Cluster, theirs: str, tmp_path: Path) -> None:
    """Only what carries our label goes from a namespace that is not ours."""
    run = Run.start(tmp_path / "runs")
    run.enter(cluster, theirs)
    ours = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ours", "namespace": theirs},
    }
    cluster.create(run.labelled(ours))

    result = run.finish(20)

    assert result.state == "clean", result.leftovers
    left = {each["metadata"]["name"] for each in cluster.list("ConfigMap", theirs)}
    assert left == {"theirs", "kube-root-ca.crt"}
    assert cluster.list("Lease", theirs) == []
