"""What the self-tests of the run's life share."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from clusterdns.run.active import Run
from clusterdns.run.identity import RunId
from clusterdns.run.reachable import connect
from clusterdns.run.state import StateFile
from selftests.lifecycle.fake_api import FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API server on loopback."""
    with FakeApi() as server:
        yield server


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Cluster:
    """A connection to it."""
    kubeconfig = str(api.kubeconfig(tmp_path))
    return Cluster(connect(kubeconfig, "fake"), "fake", kubeconfig)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for state files."""
    return tmp_path / "runs"


@pytest.fixture
def run(folder: Path) -> Run:
    """A run that has not entered a cluster yet."""
    return Run.start(folder)


@pytest.fixture
def hang_up_as_usual() -> Iterator[None]:
    """Under nohup SIGHUP is ignored, in sub-processes as well; a terminal does not do that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def die(run: Run, api: FakeApi, lease_age: str = "2020-01-01T00:00:00.000000Z") -> None:
    """Leave a run as kill -9 would: nothing undone, lock free, lease no longer renewed."""
    run.state.close()
    if run.lease is not None:
        run.lease.stop()
    for path, each in api.objects.items():
        if path.endswith(f"/leases/{run.id}"):
            each["spec"]["renewTime"] = lease_age


def forgotten(folder: Path, run: Run) -> None:
    """Remove the state file: the run was on another machine."""
    (folder / f"{run.id}.json").unlink()


def local_run(folder: Path, sealed: bool = True) -> RunId:
    """A dead run that had made a kind cluster, perhaps with a sealed network."""
    held = StateFile.create(folder, RunId.new())
    name = held.state.run
    network = f"{name}-sealed" if sealed else None
    held.update(lambda s: replace(s, kind_cluster=name, docker_network=network))
    held.close()
    return RunId(name)
