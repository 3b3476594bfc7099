"""A signal to ./run reaches pytest, which gets its time; the exit code is pytest's."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterdns.wait import eventually
from host.bootstrap.cache import PROJECT

# In the place of the private environment's Python: a tox that starts a pytest as its child, dies
# of SIGINT as tox does, and returns its child's exit code.
FAKE_TOX = """#!/bin/sh
{python} {folder}/pytest.py &
wait $!
code=$?
exit $code
"""
# In the place of pytest: notes SIGINT, cleans up for a while, ends with a code of its own.
FAKE_PYTEST = """
import os, pathlib, signal, sys, time
folder = pathlib.Path({folder!r})
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
if {writes_pid}:
    pathlib.Path(os.environ["CLUSTERDNS_PID_FILE"]).write_text(str(os.getpid()))
(folder / "new").write_text(str(os.getpid()))
(folder / "new").rename(folder / "started")
deadline = time.monotonic() + 20
while not stopped and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep({cleanup})
print("a line that nobody reads\\n" * {lines}, flush=True)
(folder / "cleaned").write_text(str(len(stopped)))
sys.exit({code})
"""
DRIVER = """
import sys
from pathlib import Path
from host.bootstrap.environment import run_environment
sys.exit(run_environment("selftests", [], Path({tox!r}), {{}}, {teardown}, Path({folder!r})))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ./run's last part in a process group of its own, as a shell would."""
    started = []

    def begin(
        code: int = 2,
        cleanup: float = 0.2,
        writes_pid: bool = True,
        teardown: float = 10.0,
        lines: int = 0,
    ) -> subprocess.Popen[str]:
        tox = tmp_path / "tox"
        tox.write_text(FAKE_TOX.format(python=sys.executable, folder=tmp_path))
        tox.chmod(0o755)
        (tmp_path / "pytest.py").write_text(
            FAKE_PYTEST.format(
                folder=str(tmp_path),
                code=code,
                cleanup=cleanup,
                writes_pid=writes_pid,
                lines=lines,
            )
        )
        driver = DRIVER.format(tox=str(tox), folder=str(tmp_path), teardown=teardown)
        process = subprocess.Popen(
            [sys.executable, "-c", driver],
            cwd=PROJECT,
            stdout=subprocess.PIPE if lines else None,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert eventually((tmp_path / "started").exists, True, within=10.0), process
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("to", ["process", "group"])
def test_pytest_is_interrupted_and_cleans_up(
    start: Start, tmp_path: Path, number: signal.Signals, to: str
) -> None:
    """Sent to ./run alone or to its group, once: pytest ends in order, and the code is 2."""
    process = start()
    kill = os.kill if to == "process" else os.killpg
    kill(process.pid, number)

    assert process.wait(10) == 2
    assert (tmp_path / "cleaned").read_text() == "1"


def test_a_cluster_left_changed_outweighs_the_signal(start: Start) -> None:
    """Exit 11 goes before exit 2."""
    process = start(code=11)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 11


def test_a_second_signal_does_not_cut_the_cleaning_short(start: Start, tmp_path: Path) -> None:
    """An impatient Ctrl-C changes nothing."""
    process = start(cleanup=1.0)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 2
    assert (tmp_path / "cleaned").read_text() == "1"


def test_before_pytest_has_said_its_id_its_process_is_found(start: Start, tmp_path: Path) -> None:
    """Tox's child is interrupted when there is no pid file yet."""
    process = start(writes_pid=False)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 2
    assert (tmp_path / "cleaned").exists()


def test_the_deadline_holds(start: Start, tmp_path: Path) -> None:
    """A pytest that never ends is killed when the time for cleaning up is over."""
    process = start(cleanup=60.0, teardown=0.5)
    child = int((tmp_path / "started").read_text())
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 2
    assert eventually(lambda: Path(f"/proc/{child}").exists(), False, within=5.0) is False


@pytest.mark.parametrize("code", [0, 1, 10, 11, 12])
def test_without_a_signal_the_code_is_pytests(start: Start, tmp_path: Path, code: int) -> None:
    """./run adds nothing and hides nothing."""
    process = start(code=code)
    os.kill(int((tmp_path / "started").read_text()), signal.SIGINT)  # the fake's way to end

    assert process.wait(10) == code


def test_who_stops_reading_changes_nothing(start: Start, tmp_path: Path) -> None:
    """With ``| head -1`` pytest runs to its end, and the code is its own."""
    process = start(code=11, lines=100_000)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    os.kill(int((tmp_path / "started").read_text()), signal.SIGINT)  # the fake's way to end

    assert process.wait(10) == 11
    assert (tmp_path / "cleaned").exists()
