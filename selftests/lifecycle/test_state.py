"""A state file tells whether its run lives, also after kill -9."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.run.identity import RunId
from clusterdns.run.state import Restore, RunState, StateFile, dead_runs, is_locked
from clusterdns.wait import eventually

HOLDER = """
import sys, time
from dataclasses import replace
from pathlib import Path
from clusterdns.run.identity import RunId
from clusterdns.run.state import StateFile
held = StateFile.create(Path(sys.argv[1]), RunId("dns-conf-0badcafe"))
held.update(lambda s: replace(s, namespaces=("dns-conf-0badcafe",)))
print("ready", flush=True)
while True:
    time.sleep(0.001)
    held.update(lambda s: replace(s, kept=False))
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that holds a state file and updates it all the time."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_living_run_is_never_dead(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """However often another process looks, also between two updates."""
    until = time.monotonic() + 1.0
    found: list[StateFile] = []
    while time.monotonic() < until:
        found += dead_runs(tmp_path)[0]
        assert is_locked(tmp_path, "dns-conf-0badcafe")
    holder.kill()
    holder.communicate()

    assert found == []


def test_kill_9_leaves_a_file_that_is_found(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """The lock goes with the process, and what it made is still known."""
    holder.send_signal(signal.SIGKILL)
    holder.communicate()

    found, complaints = dead_runs(tmp_path)

    assert complaints == []
    assert [f.state.run for f in found] == ["dns-conf-0badcafe"]
    assert found[0].state.namespaces == ("dns-conf-0badcafe",)
    assert found[0].state.pid == holder.pid
    found[0].close()


def test_only_one_of_two_takes_a_dead_run(tmp_path: Path) -> None:
    """A run that somebody cleans up is not dead for anybody else."""
    StateFile.create(tmp_path, RunId.new()).close()

    first, _ = dead_runs(tmp_path)
    second, _ = dead_runs(tmp_path)

    assert (len(first), len(second)) == (1, 0)
    first[0].close()


def test_everything_survives_the_file(tmp_path: Path) -> None:
    """What is written is read back, originals and all."""
    held = StateFile.create(tmp_path, RunId.new())
    record = Restore("ConfigMap", "kube-system", "coredns", {"data": {"Corefile": ".:53 {\n}\n"}})
    wanted = held.update(
        lambda s: replace(
            s,
            context="kind-x",
            cluster_scoped=(("ClusterRoleBinding", "r"),),
            restores=(record,),
            kind_cluster="c",
            seal="s",
        )
    )

    assert RunState.parse(held.path.read_text()) == wanted
    held.remove()
    assert list(tmp_path.iterdir()) == []


def test_no_credentials_are_readable_by_others(tmp_path: Path) -> None:
    """The file belongs to its user alone: originals may hold what others should not see."""
    held = StateFile.create(tmp_path, RunId.new())

    assert held.path.stat().st_mode & 0o077 == 0
    held.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "kube-system"}', '{"run": "../x"}'])
def test_a_foreign_file_is_a_complaint_and_no_crash(tmp_path: Path, text: str) -> None:
    """What cannot be read as the state of a run is named and left alone."""
    path = tmp_path / "dns-conf-00000000.json"
    path.write_text(text)

    found, complaints = dead_runs(tmp_path)

    assert found == []
    assert len(complaints) == 1
    assert path.exists()


def test_a_missing_folder_holds_no_dead_runs(tmp_path: Path) -> None:
    """The first run on a machine finds nothing."""
    assert dead_runs(tmp_path / "not" / "there") == ([], [])


def test_children_do_not_inherit_the_lock(tmp_path: Path) -> None:
    """A program that the run started and that outlives it does not keep it alive."""
    held = StateFile.create(tmp_path, RunId.new())
    child = subprocess.Popen(["sleep", "30"], close_fds=False)
    held.close()

    found = eventually(lambda: dead_runs(tmp_path)[0], bool, within=1.0)
    child.kill()
    child.wait()

    assert [f.path for f in found] == [held.path]
    found[0].close()
