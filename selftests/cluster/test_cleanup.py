"""On a real cluster: namespaces gone in time, a killed run removed, nothing of others touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from clusterdns.objects.manifests import pod
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.identity import RUN_LABEL, RunId
from clusterdns.run.remains import what_dead_runs_left
from clusterdns.wait import eventually

DELETED_WITHIN = 10.0  # seconds until the namespaces of a run are verified gone

IMAGE = os.environ.get("CLUSTERDNS_DNSUTILS_IMAGE", "localhost/dnsutils:1")
STUBBORN = ["perl", "-e", "$SIG{TERM} = 'IGNORE'; sleep 1 while 1"]
KILLED = """
import sys, time
from pathlib import Path
from clusterdns.run import lease
lease.DURATION, lease.RENEW_EVERY = 8, 2.0
from clusterdns.cluster import Cluster
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


def test_a_killed_run_is_removed_and_its_change_undone(
    cluster: Cluster, theirs: str, tmp_path: Path
) -> None:
    """After kill -9: named, waited for until its lease runs out, removed, restored, verified."""
    before = cluster.get("ConfigMap", "theirs", theirs)
    arguments = [str(tmp_path), cluster.kubeconfig or "", cluster.context, theirs]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    live = what_dead_runs_left(tmp_path) + what_dead_runs_left(tmp_path, cluster)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    said: list[str] = []

    notice = what_dead_runs_left(tmp_path)
    result = clean_up(tmp_path, cluster, None, 30, say=said.append)
    after = cluster.get("ConfigMap", "theirs", theirs)

    assert not any(run in line for line in live)
    assert [run in line for line in notice] == [True]
    assert result.restored == [f"ConfigMap {theirs}/theirs"], said
    assert not any(run in line for line in result.leftovers), said
    assert cluster.list("Namespace", labels=f"{RUN_LABEL}={run}") == []
    assert cluster.find("ClusterRole", f"{run}-selftest") is None
    assert after["data"] == before["data"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert list(tmp_path.glob("*.json")) == []


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
