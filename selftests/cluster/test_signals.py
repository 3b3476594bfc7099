"""Ctrl-C and SIGTERM, whoever gets them and whenever: all is removed, and the report says so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from selftests.cluster.sessions import (
    LONGEST_S,
    PROJECT,
    Event,
    Session,
    Sessions,
    nothing_new,
    on_this_machine,
    ours_in,
    seconds_since,
)
from selftests.report.examples import assert_valid_junit, assert_valid_results
from trials.cluster import Breakable

INT, TERM = signal.SIGINT, signal.SIGTERM
SELECT = "-kschema_version or test_forwarding or test_path_answers"
Happened = Callable[[Event], bool]


def progress(text: str) -> Happened:
    """Whether an event tells that this step began."""
    return lambda event: event["event"] == "progress" and str(event["text"]).startswith(text)


def judged(event: Event) -> bool:
    """Whether an event tells of the first check that is done."""
    return bool(event["event"] == "check")


CREATION, SETUP = progress("kind cluster "), progress("probes on all nodes")
CHECKS, TEARDOWN = judged, progress("removing what the run made")


def send(session: Session, number: signal.Signals, target: str) -> None:
    """To the process that we started, or to its group as a terminal does."""
    pid = session.process.pid
    if target == "group":
        os.killpg(pid, number)
    else:
        os.kill(pid, number)


def interrupted(session: Session) -> None:
    """It ends with 2, and its report says that it was interrupted and that all is removed."""
    started = time.monotonic()
    code = session.end()
    print(f"ended after {seconds_since(started)}")
    document = session.document()
    assert (code, document["exitCode"]) == (2, 2), session.output
    assert document["result"] == "error"
    assert document["cleanup"] == {"state": "clean", "restored": [], "leftovers": []}
    assert "interrupted" in session.output.lower()
    assert "Traceback" not in session.output
    assert session.states() == []


# Every pair of signal, target and phase is in one of these; ./run against pytest too.
@pytest.mark.parametrize(
    ("started_by", "target", "number", "phase"),
    [
        ("door", "group", INT, SETUP),
        ("door", "process", TERM, CHECKS),
        ("door", "group", TERM, TEARDOWN),
        ("pytest", "process", INT, CHECKS),
        ("pytest", "process", TERM, SETUP),
        ("pytest", "process", TERM, TEARDOWN),
        ("pytest", "group", INT, TEARDOWN),
        ("pytest", "group", TERM, CHECKS),
    ],
    ids=[
        *("run-group-INT-setup", "run-TERM-checks", "run-group-TERM-teardown", "INT-checks"),
        *("TERM-setup", "TERM-teardown", "group-INT-teardown", "group-TERM-checks"),
    ],
)
def test_nothing_is_left_in_a_cluster(
    sessions: Sessions,
    selftest_cluster: Breakable,
    started_by: str,
    target: str,
    number: signal.Signals,
    phase: Happened,
) -> None:
    """In a cluster that exists: namespaces and all in them are gone."""
    start = sessions.door if started_by == "door" else sessions.pytest
    session = start(SELECT, *sessions.against(selftest_cluster))
    session.wait_for(phase)
    send(session, number, target)

    interrupted(session)
    assert ours_in(selftest_cluster.api) == []


@pytest.mark.parametrize(
    ("started_by", "target", "number"),
    [("door", "process", INT), ("door", "group", TERM), ("pytest", "process", TERM)],
    ids=["run-INT", "run-group-TERM", "TERM"],
)
def test_nothing_is_left_on_this_machine(
    sessions: Sessions, started_by: str, target: str, number: signal.Signals
) -> None:
    """While kind makes a cluster: its nodes, network and seal are gone, and stay gone."""
    before = on_this_machine()
    tools = sessions.tools
    programs = [f"--kind-bin={tools.kind}", f"--kind-kubectl-bin={tools.kubectl}"]
    start = sessions.door if started_by == "door" else sessions.pytest
    session = start(SELECT, *programs, f"--kind-image={tools.image}")
    session.wait_for(CREATION)
    send(session, number, target)

    interrupted(session)
    assert nothing_new(before) == []


def test_after_kill_9_everything_can_be_removed(
    sessions: Sessions, selftest_cluster: Breakable
) -> None:
    """--cleanup-only finds what a killed run left, and completes its report."""
    against = sessions.against(selftest_cluster)
    killed = sessions.pytest(SELECT, *against)
    killed.wait_for(CHECKS)
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    left = ours_in(selftest_cluster.api)

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--cleanup-only",
            *against,
            f"--report-dir={killed.report}",
        ],
        cwd=PROJECT,
        env={**os.environ, "XDG_CACHE_HOME": str(killed.runs.parent.parent)},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    print(done.stdout)
    assert left != []
    assert done.returncode == 0, done.stdout + done.stderr
    assert ours_in(selftest_cluster.api) == []
    assert killed.states() == []
    assert assert_valid_results(killed.report)["state"] == "running"
    assert_valid_junit(killed.report / "junit.xml")
    assert "killed" in (killed.report / "report.html").read_text()
