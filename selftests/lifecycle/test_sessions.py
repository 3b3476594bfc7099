"""However a session ends, its ledger is worked off, told, and in the exit code."""

import os
import re
import signal
from pathlib import Path

import pytest

from selftests.lifecycle.sessions import PROJECT, Suite

HEAD = """
import os, time
from pathlib import Path
import pytest
from fixtures.session import session_of

def note(what):
    with open("done", "a") as file:
        file.write(what + "\\n")

@pytest.fixture(scope="session", autouse=True)
def made(pytestconfig):
    run = session_of(pytestconfig).active_run
    run.ledger.register("first", lambda: note("first undone"))
    run.ledger.register("second", undo_second)
    {setup}
    yield
    {teardown}

def undo_second():
    {undo}
    note("second undone")

def test_it():
    {body}
"""

WAIT = "Path('ready').touch(); time.sleep(30)"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A suite of one check."""
    return Suite(tmp_path)


def script(
    setup: str = "pass", teardown: str = "pass", undo: str = "pass", body: str = "pass"
) -> str:
    """The check, its fixture and its undoing."""
    return HEAD.format(setup=setup, teardown=teardown, undo=undo, body=body)


def done(suite: Suite) -> list[str]:
    """What was undone, in order."""
    path = suite.folder / "done"
    return path.read_text().split("\n")[:-1] if path.exists() else []


UNDONE = ["second undone", "first undone"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (script(), 0),
        (script(body="assert False"), 1),
        (script(setup="raise RuntimeError('no')"), 3),
        (script(teardown="raise RuntimeError('no')"), 3),
        (script(body="import pytest; pytest.exit('paragraph', returncode=10)"), 10),
        (script(body="import sys; sys.exit(7)"), 3),
        (script(undo="raise RuntimeError('refused')"), 11),
        (script(body="raise KeyboardInterrupt"), 2),
    ],
    ids=[
        "good",
        "failing-check",
        "failing-set-up",
        "failing-teardown",
        "cannot-judge",
        "sys-exit",
        "failing-undo",
        "interrupted",
    ],
)
def test_every_end_works_off_the_ledger(suite: Suite, text: str, code: int) -> None:
    """And the report is finished, with the state of the clean-up."""
    suite.write(text)

    returned, output, _ = suite.run()

    assert returned == code, output
    assert done(suite) == [line for line in UNDONE if code != 11 or "first" in line]
    assert suite.report()["state"] == "finished"
    assert suite.report()["cleanup"]["state"] == ("changed" if code == 11 else "clean")
    assert len(suite.states()) == (1 if code == 11 else 0)


@pytest.mark.parametrize(
    ("number", "phase"),
    [
        (signal.SIGINT, "setup"),
        (signal.SIGTERM, "setup"),
        (signal.SIGTERM, "body"),
        (signal.SIGHUP, "body"),
        (signal.SIGTERM, "teardown"),
    ],
    ids=["SIGINT-setup", "SIGTERM-setup", "SIGTERM-body", "SIGHUP-body", "SIGTERM-teardown"],
)
@pytest.mark.usefixtures("hang_up_as_usual")
def test_a_signal_ends_the_run_in_order(suite: Suite, number: signal.Signals, phase: str) -> None:
    """In set-up, checks and teardown: exit code 2, everything undone, the report says so."""
    suite.write(script(**{phase: WAIT}))
    process = suite.start()
    suite.wait_for("ready")

    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2, output
    assert done(suite) == UNDONE
    assert suite.report()["state"] == "finished"
    assert suite.report()["cleanup"]["state"] == "clean"
    assert suite.states() == []


def test_signals_do_not_disturb_the_clean_up(suite: Suite) -> None:
    """Each is answered with one line; the clean-up goes on."""
    suite.write(script(body=WAIT, undo="Path('undoing').touch(); time.sleep(2)"))
    process = suite.start()
    suite.wait_for("ready")
    process.send_signal(signal.SIGTERM)
    suite.wait_for("undoing")

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2, output
    assert re.search(r"cleaning up, at most \d+ s more", output), output
    assert done(suite) == UNDONE


def test_one_ctrl_c_may_arrive_twice(suite: Suite) -> None:
    """From the terminal and passed on by ./run: still an orderly end, and a word about it."""
    suite.write(script(body=WAIT, teardown="Path('ending').touch(); time.sleep(1)"))
    process = suite.start()
    suite.wait_for("ready")

    process.send_signal(signal.SIGINT)
    suite.wait_for("ending")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2, output
    assert "stopping; the clean-up follows" in output
    assert done(suite) == UNDONE
    assert suite.report()["state"] == "finished"


def test_keep_keeps_and_says_what(suite: Suite) -> None:
    """Nothing is undone, everything is named, and the next start names it again."""
    suite.write(script())

    returned, output, _ = suite.run("--keep")
    _, again, _ = suite.run()

    assert returned == 0
    assert suite.report()["cleanup"]["state"] == "clean"
    assert "kept: second" in output
    assert "remove what is left with: pytest --cleanup-only" in output
    assert "was kept (--keep)" in again


def test_kill_9_is_named_at_the_next_start_and_removed(suite: Suite) -> None:
    """The state file stays; --cleanup-only takes it and completes the report."""
    suite.write(script(body=WAIT))
    process = suite.start()
    suite.wait_for("ready")
    process.kill()
    process.communicate()
    left = suite.states()
    suite.write(script())

    _, notice, _ = suite.run("--report-dir", "other")
    code, output, _ = suite.run("--cleanup-only", "--report-dir", "report")
    _, clean, _ = suite.run("--cleanup-only")

    assert len(left) == 1
    assert f"run {left[0].removesuffix('.json')} is dead and left" in notice
    assert "Remove it with: pytest --cleanup-only" in notice
    assert code == 0, output
    assert "removed its state file" in output
    assert (suite.folder / "report" / "junit.xml").exists()
    assert (suite.folder / "report" / "report.html").exists()
    assert suite.states() == []
    assert "dead runs left nothing" in clean


def test_the_pid_file_is_there_while_pytest_runs(suite: Suite) -> None:
    """For ./run, which passes signals on; a pytest below ours does not overwrite it."""
    suite.write(
        script(
            body="assert Path('pid').read_text() == f'{os.getpid()}\\n'; "
            "assert 'CLUSTERDNS_PID_FILE' not in os.environ"
        )
    )

    code, output, _ = suite.run(CLUSTERDNS_PID_FILE=str(suite.folder / "pid"))

    assert code == 0, output
    assert not (suite.folder / "pid").exists()


def test_a_plan_makes_nothing(suite: Suite) -> None:
    """No check runs, no state file, no report; objects and checks are listed."""
    suite.write(script(body="Path('ran').touch()"))

    code, output, _ = suite.run("--plan")

    assert code == 0, output
    assert "Namespace dns-conf-XXXXXXXX [create get delete]" in output
    assert "Checks (1):" in output
    assert "tests/test_it.py::test_it" in output
    assert not (suite.folder / "ran").exists()
    assert suite.states() == []
    assert not (suite.folder / "report").exists()


def test_collect_only_starts_no_run(suite: Suite) -> None:
    """It needs no cluster and leaves no state file."""
    suite.write(script())

    code, output, _ = suite.run("--collect-only")

    assert code == 0, output
    assert suite.states() == []


def test_a_cache_folder_that_refuses_is_exit_10(suite: Suite) -> None:
    """Without a state file a killed run could leave things that nobody knows of."""
    suite.write(script())
    (suite.folder / "cache").write_text("not a folder")

    code, output, _ = suite.run()

    assert code == 10, output
    assert "XDG_CACHE_HOME" in output


def without_home(folder: Path) -> str:
    """A sitecustomize for processes that have no account, as a container may have none."""
    folder.mkdir()
    lines = ["import pwd", "def none(uid): raise KeyError(uid)", "pwd.getpwuid = none"]
    (folder / "sitecustomize.py").write_text("\n".join(lines))
    return f"{folder}{os.pathsep}{PROJECT}"


@pytest.mark.parametrize("words", [(), ("--cleanup-only",)], ids=["run", "cleanup-only"])
def test_no_home_is_a_sentence(suite: Suite, words: tuple[str, ...]) -> None:
    """No HOME, no XDG_CACHE_HOME, no account: told with what to do, without a traceback."""
    suite.write(script())
    place = without_home(suite.folder / "nobody")

    code, output, _ = suite.run(*words, PYTHONPATH=place, HOME="", XDG_CACHE_HOME="")

    assert code == 10, output
    assert "neither XDG_CACHE_HOME nor HOME is set" in output
    assert "Traceback" not in output


def test_a_home_that_is_not_there_is_made_or_told(suite: Suite) -> None:
    """HOME below a file: nobody can make a folder there."""
    suite.write(script())

    code, output, _ = suite.run(HOME="/dev/null/home", XDG_CACHE_HOME="")

    assert code == 10, output
    assert "Make the folder writable" in output
    assert "Traceback" not in output


def test_what_is_kept_on_this_machine_is_nobody_else_s(suite: Suite) -> None:
    """The folder of the state files, and all above it that is ours, is 0700; a file is 0600."""
    suite.write(script())
    suite.run("--keep")

    (state,) = suite.runs.glob("*.json")
    for path, mode in ((state, 0o600), (suite.runs, 0o700), (suite.runs.parent, 0o700)):
        assert path.stat().st_mode & 0o777 == mode, path


def test_a_kubeconfig_without_a_context_is_a_usage_error(suite: Suite) -> None:
    """Which of its clusters is meant is not ours to guess."""
    suite.write(script())

    code, output, _ = suite.run("--kubeconfig", "some-file")

    assert code == 4, output
    assert "add --kube-context NAME" in output


def test_self_tests_start_no_run(suite: Suite) -> None:
    """Only checks do: what is outside the folder of checks is none of our business."""
    (suite.folder / "test_other.py").write_text("def test_other(): pass\n")
    suite.write(script())

    code, output, _ = suite.run("test_other.py")

    assert code == 0, output
    assert suite.states() == []
