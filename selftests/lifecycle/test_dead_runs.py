"""What dead runs left is found, named, removed and restored; a live run is never touched."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster, Manifest, time_of
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.dead_runs import what_dead_runs_left
from clusterdns.run.lease import alive
from clusterdns.run.state import RunState
from selftests.lifecycle.conftest import die, forgotten, local_run
from selftests.lifecycle.fake_api import FakeApi
from selftests.lifecycle.test_run import BINDINGS, CONFIGMAPS, COREDNS, NAMESPACES, with_log

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def stamp(age_s: float) -> str:
    """A MicroTime so many seconds ago, by our clock."""
    return (datetime.now(UTC) - timedelta(seconds=age_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Machine:
    """Local resources that only exist as names."""

    clusters: set[str] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    foreign: str | None = None  # why they are somebody else's

    def why_not_ours(self, kind_cluster: str, state: RunState) -> str | None:
        """As LocalResources."""
        return self.foreign

    def why_not_our_network(self, name: str, state: RunState) -> str | None:
        """As LocalResources."""
        return self.foreign

    def delete_cluster(self, name: str) -> None:
        """As LocalResources."""
        self.log.append(name)
        self.clusters.discard(name)

    def why_cluster_there(self, name: str) -> str | None:
        """As LocalResources."""
        return "it is there" if name in self.clusters else None

    def delete_network(self, name: str) -> None:
        """As LocalResources."""
        self.log.append(name)
        self.networks.discard(name)


@pytest.mark.parametrize(
    ("lease", "born", "lives"),
    [
        ({"renewTime": "2026-11-23T01:59:30.000000Z", "leaseDurationSeconds": 40}, None, True),
        ({"renewTime": "2026-11-23T01:59:10.000000Z", "leaseDurationSeconds": 40}, None, False),
        ({"acquireTime": "2026-11-23T01:59:50.000000Z"}, None, True),
        (None, NOW - timedelta(seconds=10), True),
        (None, NOW - timedelta(minutes=2), False),
        (None, None, False),
        ({"renewTime": "yesterday"}, None, False),
    ],
    ids=["renewed", "run-out", "just-acquired", "not-yet", "lost", "nothing", "nonsense"],
)
def test_a_lease_says_whether_its_run_lives(
    lease: Manifest | None, born: datetime | None, lives: bool
) -> None:
    """By its last renewal; a namespace without one is given the time of one lease."""
    assert alive({"spec": lease} if lease else None, born, NOW) is lives


def test_a_killed_run_is_named_and_removed(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """Everything goes: namespaces, cluster-scoped objects, the state file; originals are back."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)
    run.create_cluster_scoped({"kind": "ClusterRoleBinding", "metadata": {"name": f"{run.id}-b"}})
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    die(run, api)

    notice = what_dead_runs_left(folder)
    said: list[str] = []
    result = clean_up(folder, cluster, None, 5, say=said.append)
    again = clean_up(folder, cluster, None, 5)

    assert len(notice) == 1
    for word in (
        str(run.id),
        f"{run.id}-b",
        f"ClusterRoleBinding {run.id}-b",
        "coredns",
        "--kube-context",
    ):
        assert word in notice[0]
    assert (result.state, result.restored) == ("clean", ["ConfigMap kube-system/coredns"])
    assert api.names(NAMESPACES) == ["kube-system"]
    assert api.names(BINDINGS) == []
    assert api.objects[f"{CONFIGMAPS}/coredns"]["data"] == COREDNS["data"]
    assert list(folder.iterdir()) == []
    assert (again.state, again.restored, again.leftovers) == ("clean", [], [])
    assert "removed" in said[-1]


def test_a_run_of_another_machine_is_removed_by_its_label(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """Without a state file the labels and the lease are enough."""
    run.enter(cluster)
    run.create_cluster_scoped({"kind": "ClusterRoleBinding", "metadata": {"name": f"{run.id}-b"}})
    die(run, api)
    forgotten(folder, run)

    notice = what_dead_runs_left(folder, cluster)
    result = clean_up(folder, cluster, None, 5)

    assert len(notice) == 1
    assert notice[0].endswith(
        f"pytest --cleanup-only --kube-context fake --kubeconfig {cluster.kubeconfig}"
    )
    assert result.state == "clean"
    assert api.names(NAMESPACES) == ["kube-system"]
    assert api.names(BINDINGS) == []


def test_a_live_run_of_this_machine_is_left_alone(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """Its state file is locked, even if its lease has run out."""
    run.enter(cluster)
    api.objects[f"/apis/coordination.k8s.io/v1/namespaces/{run.id}/leases/{run.id}"]["spec"][
        "renewTime"
    ] = "2020-01-01T00:00:00.000000Z"

    assert what_dead_runs_left(folder, cluster) == []
    assert clean_up(folder, cluster, None, 5).state == "clean"
    assert len(api.names(NAMESPACES)) == 3


def test_a_live_run_of_another_machine_is_left_alone(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """There is no state file here, but its lease is fresh."""
    run.enter(cluster)
    die(run, api, stamp(5))
    forgotten(folder, run)

    assert what_dead_runs_left(folder, cluster) == []
    assert clean_up(folder, cluster, None, 5).state == "clean"
    assert len(api.names(NAMESPACES)) == 3


def test_a_fresh_lease_of_a_killed_run_is_waited_for(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """The lock is free, so the run is dead as soon as its lease has run out."""
    run.enter(cluster)
    die(run, api, stamp(38))
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert "for its lease to run out" in said[0]
    assert result.state == "clean"
    assert api.names(NAMESPACES) == ["kube-system"]


def test_local_leftovers_go_through_the_machine(folder: Path) -> None:
    """Kind cluster first, then its network; no cluster connection is needed."""
    run = local_run(folder)
    machine = Machine({str(run)}, {f"{run}-sealed"})

    result = clean_up(folder, None, machine, 5)

    assert result.state == "clean"
    assert machine.log == [str(run), f"{run}-sealed"]
    assert list(folder.iterdir()) == []


def test_a_cluster_out_of_reach_is_told_with_its_command(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """Without --kube-context nothing is guessed: the line says how."""
    run.enter(cluster)
    die(run, api)
    said: list[str] = []

    result = clean_up(folder, None, None, 5, say=said.append)

    assert result.state == "changed"
    assert f"--cleanup-only --kube-context fake --kubeconfig {cluster.kubeconfig}" in said[0]
    assert (folder / f"{run.id}.json").exists()
    assert len(api.names(NAMESPACES)) == 3


def test_another_cluster_at_the_same_address_is_another_cluster(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """A local cluster made anew gets the old port, but not the old identity."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    die(run, api)
    api.objects = {f"{NAMESPACES}/kube-system": {"metadata": {"name": "kube-system", "uid": "new"}}}

    clean_up(folder, cluster, None, 5)

    assert api.names(CONFIGMAPS) == []
    assert (folder / f"{run.id}.json").exists()


def test_objects_in_an_existing_namespace_are_found(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """By the state file, or by --namespace when there is none here."""
    api.put({"kind": "Namespace", "metadata": {"name": "shared"}}, NAMESPACES)
    run.enter(cluster, "shared")
    pod = {"kind": "Pod", "metadata": {"name": "ours", "namespace": "shared"}}
    cluster.create(run.labelled(pod))
    die(run, api)
    forgotten(folder, run)

    unseen = clean_up(folder, cluster, None, 5)
    left = api.names(f"{NAMESPACES}/shared/pods")
    result = clean_up(folder, cluster, None, 5, shared="shared")

    assert (unseen.state, left) == ("clean", ["ours"])
    assert result.state == "clean"
    assert api.names(f"{NAMESPACES}/shared/pods") == []
    assert "shared" in api.names(NAMESPACES)


def test_an_account_that_may_not_list_is_told(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """What cannot be looked for is said, and the rest is done."""
    run.enter(cluster)
    die(run, api)
    api.refused.add(("GET", "clusterroles"))
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert "not allowed to list ClusterRole objects" in said[0]
    assert result.state == "clean"
    assert api.names(NAMESPACES) == ["kube-system"]


def test_the_lease_is_renewed(
    api: FakeApi, cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing renewal is recorded, and the next one is tried."""
    monkeypatch.setattr("clusterdns.run.lease.RENEW_EVERY", 0.05)
    run.enter(cluster)
    path = f"/apis/coordination.k8s.io/v1/namespaces/{run.id}/leases/{run.id}"
    first = time_of(api.objects[path]["spec"]["renewTime"])
    api.refused.add(("PATCH", "leases"))
    assert run.lease is not None
    keeper = run.lease
    from clusterdns.wait import eventually

    eventually(lambda: len(keeper.failures), lambda n: n > 0, within=5)
    api.refused.clear()
    later = eventually(
        lambda: time_of(api.objects[path]["spec"]["renewTime"]), lambda t: t != first, 5
    )
    run.finish(5)

    assert first is not None
    assert later is not None
    assert later > first
    assert "403" in keeper.failures[0]
    assert replace(cluster) == cluster
