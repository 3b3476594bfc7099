"""What dead runs left on the machine: the kind that goes on, the cluster, the sealed network."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.run.cleanup import clean_up
from clusterdns.run.identity import RunId
from clusterdns.run.state import StateFile
from clusterdns.wait import eventually
from fixtures.leftovers import ThisMachine
from host.bootstrap import cluster as containers
from host.bootstrap import seal
from selftests.lifecycle.conftest import local_run

KIND = """#!/bin/sh
touch {folder}/creating
while true; do sleep 0.1; done
"""
DOCKER = """#!/bin/sh
case "$*" in
*Labels*) echo {owner} ;;
*.ID*) echo {node} ;;
"rm "*) echo "$*" >> {folder}/deleted; {delete} ;;
*Names*) cat {folder}/nodes ;;
ps*) echo mine ;;
esac
"""
GOES = "echo -n > {folder}/nodes"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cluster-dns-conformance"


def use_docker(
    folder: Path, monkeypatch: pytest.MonkeyPatch, delete: str = GOES, **answers: str
) -> None:
    """Put a docker on PATH that gives these answers, and lists what is in the file nodes."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    told = {"owner": "", "node": "", **answers}
    program.write_text(DOCKER.format(folder=folder, delete=delete.format(folder=folder), **told))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_a_dead_runs_cluster_goes_with_its_kubeconfig(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node containers and their volumes are removed: no kind is needed."""
    use_docker(tmp_path, monkeypatch)
    run = local_run(cache / "runs", sealed=False)
    (cache / "kind" / str(run)).mkdir(parents=True)
    (tmp_path / "nodes").write_text(f"{run}-control-plane\n")

    result = clean_up(cache / "runs", None, ThisMachine(), 10)

    assert result.state == "clean", result.leftovers
    deleted = (tmp_path / "deleted").read_text().split()
    assert deleted == ["rm", "--force", "--volumes", f"{run}-control-plane"]
    assert not (cache / "kind" / str(run)).exists()


def test_a_cluster_that_stays_is_named(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine says that it has removed the node, and lists it all the same."""
    use_docker(tmp_path, monkeypatch, delete="true")
    run = local_run(cache / "runs", sealed=False)
    (tmp_path / "nodes").write_text(f"{run}-control-plane\n")

    result = clean_up(cache / "runs", None, ThisMachine(), 1)

    assert result.state == "changed"
    assert "kind cluster" in result.leftovers[0]
    assert (cache / "runs" / f"{run}.json").exists()


@pytest.mark.parametrize("engine", ["none", "stopped"])
def test_without_an_engine_nobody_knows_that_the_cluster_is_gone(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """So it is still named, with what to do, and the state file stays."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if engine == "stopped":
        (tmp_path / "docker").write_text("#!/bin/sh\necho no daemon >&2; exit 1\n")
        (tmp_path / "docker").chmod(0o755)
    run = local_run(cache / "runs", sealed=False)

    result = clean_up(cache / "runs", None, ThisMachine(), 5)

    assert result.state == "changed"
    assert "Start Docker" in result.leftovers[0]
    assert (cache / "runs" / f"{run}.json").exists()


def test_a_kind_that_outlived_its_run_is_ended(tmp_path: Path) -> None:
    """Only the one that creates this very cluster."""
    kind = tmp_path / "kind"
    kind.write_text(KIND.format(folder=tmp_path))
    kind.chmod(0o755)
    processes = [
        subprocess.Popen([kind, "create", "cluster", *name], start_new_session=True)
        for name in (
            ["--name", "dns-conf-00000001"],
            ["--name=dns-conf-00000001"],
            ["--name", "dns-conf-00000002"],
        )
    ]
    eventually((tmp_path / "creating").exists, True, within=5)

    stopped = containers.stop_creation("dns-conf-00000001")
    ended = [process.wait(5) for process in processes[:2]]
    other = processes[2].poll()
    processes[2].kill()
    processes[2].wait()

    assert stopped
    assert ended == [-signal.SIGKILL, -signal.SIGKILL]
    assert other is None


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
    (tmp_path / "nodes").write_text("mine-control-plane\n")
    held = StateFile.create(cache / "runs", RunId.new())
    held.update(lambda s: replace(s, kind_cluster="mine", kind_nodes=nodes))
    held.close()
    said: list[str] = []

    result = clean_up(cache / "runs", None, ThisMachine(), 10, say=said.append)

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

    result = clean_up(cache / "runs", None, ThisMachine(), 10, say=said.append)

    assert result.state == "clean", result.leftovers
    assert "left alone: Docker network mine-sealed" in said[0]
    assert "another" in said[0]


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

    result = clean_up(cache / "runs", None, ThisMachine(), 20)

    assert before == {"network", "seal rule"}
    assert result.state == "clean", result.leftovers
    assert seal.leftovers(str(run)) == []
