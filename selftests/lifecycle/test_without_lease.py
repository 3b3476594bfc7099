"""A run that may not keep a lease goes on, and other machines do not take it for dead."""

from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.dead_runs import what_dead_runs_left
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


def test_another_machine_leaves_it_alone(
    api: FakeApi, cluster: Cluster, run: Run, tmp_path: Path
) -> None:
    """Without its Lease nobody elsewhere can prove whose it is, be the run alive or dead."""
    places = run.enter(cluster)
    said: list[str] = []

    clean_up(tmp_path / "elsewhere", cluster, None, 5, say=said.append)

    assert places.main in api.names("/api/v1/namespaces")
    assert any("left alone" in line and places.main in line for line in said), said
    run.finish(10)


def test_on_its_own_machine_a_dead_one_is_known(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """The lock of its state file is free."""
    run.enter(cluster)
    die(run, api)

    assert [str(run.id) in line for line in what_dead_runs_left(folder)] == [True]
