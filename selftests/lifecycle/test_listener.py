"""The clean-up happens, and the report and the exit code are right, whoever reads the output."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from selftests.lifecycle.sessions import PROJECT, Suite
from selftests.lifecycle.test_sessions import UNDONE, WAIT, done, script

FAILS = script(body="assert False, 'the evidence'")


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A suite of one check."""
    return Suite(tmp_path)


def is_over(suite: Suite, process: subprocess.Popen[str], code: int) -> None:
    """All is undone, the report says so, and the code is that of the verdict."""
    assert process.wait(60) == code
    assert done(suite) == UNDONE
    assert suite.states() == []
    report = suite.report()
    assert (report["state"], report["exitCode"]) == ("finished", code)
    assert report["cleanup"]["state"] == "clean"


def test_a_pipe_that_is_closed_after_a_line(suite: Suite) -> None:
    """As ``| head -1`` does: the run goes on, and ends with the code of its verdict."""
    suite.write(FAILS)
    process = suite.start()
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    is_over(suite, process, 1)


def test_a_full_device(suite: Suite) -> None:
    """Standard output that takes nothing at all."""
    suite.write(FAILS)
    with Path("/dev/full").open("w") as full:
        is_over(suite, suite.start_into(full), 1)


@pytest.mark.usefixtures("hang_up_as_usual")
def test_a_terminal_that_hangs_up(suite: Suite) -> None:
    """A window that is closed: SIGHUP, and every later write is an error."""
    suite.write(script(body=WAIT))
    master, slave = pty.openpty()
    process = suite.start_into(slave)
    os.close(slave)
    suite.wait_for("ready")
    os.close(master)
    process.send_signal(signal.SIGHUP)

    is_over(suite, process, 2)


def test_a_reader_that_stops_reading(suite: Suite) -> None:
    """The clean-up waits for nobody, also when a pipe is full, nor does the end of the run."""
    suite.write(script(body=WAIT))
    read_end, write_end = os.pipe()
    process = suite.start_into(write_end)
    suite.wait_for("ready")
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(write_end, b"\n" * 4096):
            pass
    os.set_blocking(write_end, True)
    os.close(write_end)
    process.send_signal(signal.SIGTERM)

    is_over(suite, process, 2)
    os.close(read_end)


def test_no_standard_output_at_all(tmp_path: Path) -> None:
    """``>&-``: pytest needs a stream, and no file of ours may become number 1."""
    words = [sys.executable, "-c", f"""
import os, sys
os.close(1); sys.stdout = None
from host.bootstrap.output import open_standard_streams
open_standard_streams()
print("nobody reads this", flush=True)
assert os.open({str(tmp_path)!r}, os.O_RDONLY) > 2
"""]  # fmt: skip
    subprocess.run(words, cwd=PROJECT, check=True, timeout=60)


def test_nothing_is_called_clean_before_it_was_verified(suite: Suite) -> None:
    """The report of a run that is going on, or was killed, does not say that all is removed."""
    suite.write(script(body=WAIT))
    process = suite.start()
    suite.wait_for("ready")
    running = suite.report()
    process.kill()
    process.communicate()

    assert (running["state"], running["cleanup"]["state"]) == ("running", "pending")
    assert suite.report()["cleanup"]["state"] == "pending"
