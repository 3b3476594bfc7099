"""A run that may not keep a lease goes on, and other machines do not take it for dead."""

from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from clusterdns.run.active import Run
from clusterdns.run.namespaces import NO_LEASE
from clusterdns.run.remains import what_dead_runs_left
from selftests.lifecycle.conftest import die
from selftests.lifecycle.fake_api import FakeApi


@pytest.fixture(autouse=True)
def _no_right(api: FakeApi) -> None:
    """The right to create leases is missing."""
    api.refused.add(("POST", "leases"))


def test_it_goes_on_with_a_warning(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """The warning says what is missing, and what follows from it; all is undone as ever."""
    places = run.enter(cluster)

    assert run.lease is not None
    (warning,) = run.lease.failures
    assert "403" in warning
    assert f"no Lease can be kept in namespace {places.main}" in warning
    assert run.finish(10).state == "clean"
    assert api.names("/api/v1/namespaces") == ["kube-system"]


def test_after_some_hours_it_counts_as_dead(
    api: FakeApi, cluster: Cluster, run: Run, tmp_path: Path
) -> None:
    """Its namespaces say that it may keep no lease; in the end they are named all the same."""
    places = run.enter(cluster)
    made = api.objects[f"/api/v1/namespaces/{places.main}"]

    assert NO_LEASE in made["metadata"]["annotations"]
    made["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    assert len(what_dead_runs_left(tmp_path / "elsewhere", cluster)) == 1
    run.finish(10)


def test_a_young_one_is_not_named_as_dead(
    cluster: Cluster, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour after its birth it is spared, where a run with a lease would not be."""
    monkeypatch.setattr("clusterdns.run.lease.DURATION", 0)
    run.enter(cluster)

    assert what_dead_runs_left(tmp_path / "elsewhere", cluster) == []
    run.finish(10)


def test_on_its_own_machine_a_dead_one_is_known(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """The lock of its state file is free."""
    run.enter(cluster)
    die(run, api)

    assert [str(run.id) in line for line in what_dead_runs_left(folder)] == [True]
