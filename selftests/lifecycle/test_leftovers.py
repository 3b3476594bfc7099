"""What dead runs left on the machine: the kind that goes on, the cluster, the sealed network."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.run.cleanup import clean_up
from clusterdns.run.identity import RunId
from clusterdns.run.state import StateFile
from clusterdns.wait import eventually
from fixtures.leftovers import ThisMachine, end_orphans
from host.bootstrap import seal
from selftests.lifecycle.conftest import local_run

KIND = """#!/bin/sh
case "$1 $2" in
"get clusters") cat {folder}/clusters ;;
"delete cluster") echo "$4" >> {folder}/deleted; {delete} ;;
"create cluster") touch {folder}/creating; while true; do sleep 0.1; done ;;
esac
"""


DOCKER = """#!/bin/sh
case "$*" in
*Labels*) echo {owner} ;;
*.ID*) echo {node} ;;
ps*) echo mine ;;
esac
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cluster-dns-conformance"


def fake_kind(folder: Path, delete: str) -> str:
    """A program that does as kind, with a file for the list of clusters."""
    program = folder / "kind"
    program.write_text(KIND.format(folder=folder, delete=delete.format(folder=folder)))
    program.chmod(0o755)
    return str(program)


def test_a_dead_runs_cluster_goes_with_its_kubeconfig(tmp_path: Path, cache: Path) -> None:
    """Kind is asked to delete it, and asked whether it is gone."""
    run = local_run(cache / "runs", sealed=False)
    (cache / "kind" / str(run)).mkdir(parents=True)
    (tmp_path / "clusters").write_text(f"other\n{run}\n")
    kind = fake_kind(tmp_path, "echo other > {folder}/clusters")

    result = clean_up(cache / "runs", None, ThisMachine(kind), 10)

    assert result.state == "clean", result.leftovers
    assert (tmp_path / "deleted").read_text().split() == [str(run)]
    assert not (cache / "kind" / str(run)).exists()


def test_a_cluster_that_stays_is_named(tmp_path: Path, cache: Path) -> None:
    """Kind says that it has deleted it, and lists it all the same."""
    run = local_run(cache / "runs", sealed=False)
    (tmp_path / "clusters").write_text(f"{run}\n")

    result = clean_up(cache / "runs", None, ThisMachine(fake_kind(tmp_path, "true")), 1)

    assert result.state == "changed"
    assert "node containers are still there" in result.leftovers[0]
    assert (cache / "runs" / f"{run}.json").exists()


def test_without_kind_the_cluster_is_named(cache: Path) -> None:
    """The paragraph says where to get one."""
    local_run(cache / "runs", sealed=False)

    result = clean_up(cache / "runs", None, ThisMachine(None), 5)

    assert result.state == "changed"
    assert "--kind-bin" in result.leftovers[0]


def test_a_kind_that_outlived_its_run_is_ended(tmp_path: Path) -> None:
    """Only the one that creates this very cluster."""
    kind = fake_kind(tmp_path, "true")
    processes = [
        subprocess.Popen([kind, "create", "cluster", "--name", name], start_new_session=True)
        for name in ("dns-conf-00000001", "dns-conf-00000002")
    ]
    eventually((tmp_path / "creating").exists, True, within=5)

    ended = end_orphans("dns-conf-00000001")
    first = processes[0].wait(5)
    second = processes[1].poll()
    processes[1].kill()
    processes[1].wait()

    assert ended == [processes[0].pid]
    assert first != 0
    assert second is None


@pytest.mark.parametrize(
    ("nodes", "there", "removed"),
    [(("aaa", "bbb"), "bbb", True), (("aaa",), "ccc", False), ((), "ccc", False)],
    ids=["made-by-it", "made-anew", "unknown"],
)
def test_a_cluster_under_a_chosen_name_must_be_the_one_that_was_made(
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    nodes: tuple[str, ...],
    there: str,
    removed: bool,
) -> None:
    """--cluster-name mine: by its node containers, for anybody may call a cluster so."""
    use_docker(tmp_path, monkeypatch, node=there, owner="x")
    (tmp_path / "clusters").write_text("mine\n")
    held = StateFile.create(cache / "runs", RunId.new())
    held.update(lambda s: replace(s, kind_cluster="mine", kind_nodes=nodes))
    held.close()
    said: list[str] = []
    kind = fake_kind(tmp_path, "echo > {folder}/clusters")

    result = clean_up(cache / "runs", None, ThisMachine(kind), 10, say=said.append)

    assert result.state == "clean", result.leftovers
    assert (tmp_path / "deleted").exists() is removed
    assert any("left alone: kind cluster mine" in line for line in said) is not removed


def test_a_network_with_another_label_stays(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is what the state file says, but it is another run's, or nobody's."""
    use_docker(tmp_path, monkeypatch, node="", owner="another")
    held = StateFile.create(cache / "runs", RunId.new())
    held.update(lambda s: replace(s, docker_network="mine-sealed"))
    held.close()
    said: list[str] = []

    result = clean_up(cache / "runs", None, ThisMachine(None), 10, say=said.append)

    assert result.state == "clean", result.leftovers
    assert "left alone: Docker network mine-sealed" in said[0]
    assert "another" in said[0]


def use_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, **answers: str) -> None:
    """Put a docker on PATH that gives these answers."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(**answers))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.fixture
def engine() -> None:
    """A container engine and the right to change the packet filter, else a skip."""
    asked = subprocess.run(["sh", "-c", "docker info"], capture_output=True, check=False)
    if os.geteuid() != 0 or asked.returncode != 0:
        pytest.skip("a sealed network needs root and a container engine")


@pytest.mark.usefixtures("engine")
def test_a_sealed_network_of_a_dead_run_goes(cache: Path) -> None:
    """The real thing: network and packet filter rules."""
    run = RunId.new()
    network = seal.network_name(str(run))
    held = StateFile.create(cache / "runs", run)
    held.update(lambda s: replace(s, docker_network=network, seal=str(run)))
    held.close()
    seal.make_sealed_network(network, str(run))
    before = {left.what for left in seal.leftovers(str(run))}

    result = clean_up(cache / "runs", None, ThisMachine(sys.executable), 20)

    assert before == {"network", "seal rule"}
    assert result.state == "clean", result.leftovers
    assert seal.leftovers(str(run)) == []
