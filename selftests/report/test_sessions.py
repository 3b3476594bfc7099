"""A session of the suite from outside: outcomes, exit codes, and files after every way to end."""

import os
import signal

import pytest

from clusterdns.report.rebuild import rebuild
from selftests.lifecycle.sessions import Suite
from selftests.report.examples import (
    assert_complete,
    assert_self_contained,
    assert_valid_junit,
    assert_valid_results,
)
from selftests.report.sessions import ALL_OUTCOMES, FAILS, HEAD, PROBE_LOST, WAIT, judge, outcomes


def test_every_outcome(suite: Suite) -> None:
    """Each check comes to the outcome that the contract gives it, and is counted."""
    code, document, _ = judge(suite, FAILS + ALL_OUTCOMES)
    assert outcomes(document) == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_measures[udp]": "passed",
        "test_measures[tcp]": "failed",
        "test_should": "deviation",
        "test_may": "deviation",
        "test_advice": "deviation",
        "test_absent": "not-run",
        "test_absent_too": "not-run",
        "test_no_feature": "not-applicable",
        "test_in_a_class": "passed",
    }
    assert document["summary"] == {
        "passed": 3,
        "failed": 2,
        "deviations": 3,
        "waived": 0,
        "notApplicable": 1,
        "notRun": 2,
    }
    assert (code, document["result"]) == (1, "failure")


def test_a_lost_probe_is_no_failure(suite: Suite) -> None:
    """Whoever shares what the probe was needed for is not run, each with the reason."""
    code, document, output = judge(suite, PROBE_LOST)
    assert outcomes(document) == {
        "test_passes": "passed",
        "test_first": "not-run",
        "test_others[udp]": "not-run",
        "test_others[tcp]": "not-run",
        "test_asks": "not-run",
    }
    assert (code, document["result"]) == (0, "partial")
    reasons = [check["message"] for check in document["checks"] if check["outcome"] == "not-run"]
    assert reasons[:3] == ["a probe was lost: pod x on node y does not exist any more"] * 3
    assert "not run (3): a probe was lost: pod x on node y" in output


def test_entries(suite: Suite) -> None:
    """An entry has its stable id, its parameter, clauses, numbers and evidence."""
    _, document, _ = judge(suite, ALL_OUTCOMES)
    entries = {(c["id"], c["param"]): c for c in document["checks"]}
    measured = entries["tests/test_it.py::test_measures", "tcp"]
    assert measured["spec"] == ["2.3.1-A", "2.1"]
    assert (measured["ms"], measured["asked"], measured["lost"]) == (2.4, 9, 1)
    assert [cell["received"] for cell in measured["deviating"]] == ["b"]
    assert measured["message"].startswith("more\n  lines\n")
    assert "(at tests/test_it.py:" in measured["message"]
    assert ("tests/test_it.py::TestGroup::test_in_a_class", "") in entries
    assert entries["tests/test_it.py::test_absent", ""]["message"] == "no probe"
    assert entries["tests/test_it.py::test_should", ""]["level"] == "should"


def test_ids_do_not_depend_on_where_pytest_starts(suite: Suite) -> None:
    """(id, param) is what runs are compared by: the same from anywhere, and without brackets."""
    _, document, _ = judge(suite, ALL_OUTCOMES)
    first = [(check["id"], check["param"]) for check in document["checks"]]
    command = ["--rootdir", str(suite.folder), "-c", str(suite.folder / "pytest.toml")]
    elsewhere = suite.folder / "tests"
    suite.run(*command, f"{elsewhere}/test_it.py", "--report-dir", str(suite.folder / "second"))
    second = assert_complete(suite.folder / "second")
    assert [(check["id"], check["param"]) for check in second["checks"]] == first
    assert not any("[" in check_id or "]" in check_id for check_id, _ in first)


@pytest.mark.parametrize(
    ("text", "arguments", "code", "result"),
    [
        ("", (), 0, "success"),
        ("@pytest.mark.level('should')\ndef test_d(): assert 0", (), 0, "success"),
        ("def test_n(): not_run('why')", (), 0, "partial"),
        ("def test_n(): not_run('why')", ("--require-complete",), 12, "partial"),
        ("def test_n(): not_applicable('why')", ("--require-complete",), 0, "success"),
        (FAILS, ("--require-complete",), 1, "failure"),
        ("def test_c(): cannot_judge('No such context.')", (), 10, "error"),
        (FAILS + "def test_c(): cannot_judge('Gone.')", (), 1, "failure"),
        (FAILS + "def test_x(): raise KeyboardInterrupt", (), 2, "error"),
        (FAILS + "def test_x(): pytest.exit('enough')", (), 2, "error"),
        (FAILS + "def test_s(): pytest.skip('ad hoc')", (), 3, "error"),
        ("@pytest.mark.skip(reason='ad hoc')\ndef test_s(): pass", (), 3, "error"),
        ("@pytest.mark.xfail(reason='known')\ndef test_s(): assert 0", (), 3, "error"),
        ("@pytest.mark.xfail(strict=False)\ndef test_s(): pass", (), 3, "error"),
    ],
)
def test_exit_codes(
    suite: Suite, text: str, arguments: tuple[str, ...], code: int, result: str
) -> None:
    """Every way to end has its code and its result, and a complete report."""
    got, document, output = judge(suite, text, *arguments)
    assert (got, document["result"]) == (code, result), output


def test_a_cluster_left_changed_outranks_all(whole_suite: Suite) -> None:
    """A restore that failed gives 11, also after a failure and an interrupt, and is named."""
    code, document, output = judge(
        whole_suite,
        FAILS
        + """
def refuse():
    raise RuntimeError("refused")

def test_changes(pytestconfig):
    session_of(pytestconfig).active_run.ledger.register("ConfigMap coredns", refuse, restore=True)
    raise KeyboardInterrupt
""",
    )
    assert (code, document["cleanup"]["state"]) == (11, "changed")
    assert document["cleanup"]["leftovers"] == ["ConfigMap coredns: refused"]
    assert "NOT cleaned up: ConfigMap coredns: refused" in output


def test_what_was_not_reached_is_not_run(suite: Suite) -> None:
    """Selected checks never vanish: they are not-run, with the reason."""
    _, document, _ = judge(suite, "def test_c(): cannot_judge('No such context.')\ndef test_d(): 0")
    assert outcomes(document) == {
        "test_passes": "passed",
        "test_c": "not-run",
        "test_d": "not-run",
    }
    assert document["message"] == "No such context."
    assert {c["message"] for c in document["checks"][1:]} == {"No such context."}


def test_stopping_at_the_first_failure(suite: Suite) -> None:
    """With -x the rest is not-run and the result a failure."""
    code, document, _ = judge(suite, f"{FAILS}\ndef test_z(): pass", "-x")
    assert (code, outcomes(document)["test_z"]) == (1, "not-run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_files_after_a_signal(whole_suite: Suite, number: signal.Signals) -> None:
    """A signal in the middle of a check ends with code 2 and a complete report."""
    suite = whole_suite
    suite.write(HEAD + WAIT)
    process = suite.start("tests")
    suite.wait_for("ready")
    assert assert_valid_results(suite.folder / "report")["state"] == "running"
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    document = assert_complete(suite.folder / "report")
    assert (process.returncode, document["exitCode"]) == (2, 2), output
    assert outcomes(document) == {
        "test_passes": "passed",
        "test_waits": "not-run",
        "test_after": "not-run",
    }


def add_hook(suite: Suite, text: str) -> None:
    """Append a hook to the small suite's own conftest.py."""
    with (suite.folder / "conftest.py").open("a") as file:
        file.write(text)


def test_files_after_an_internal_error(suite: Suite) -> None:
    """A hook that crashes gives 3, and the report says where."""
    add_hook(
        suite,
        "def pytest_runtest_logfinish(nodeid): raise ValueError('hook broke')\n",
    )
    code, document, _ = judge(suite, FAILS)
    assert (code, document["result"]) == (3, "error")
    assert "ValueError: hook broke" in document["message"]


def test_files_after_a_crash_in_teardown(suite: Suite) -> None:
    """A hook that crashes at the very end gives 3 as well, and no bare traceback."""
    add_hook(
        suite,
        "def pytest_sessionfinish(): raise ValueError('end broke')\n",
    )
    code, document, _ = judge(suite, "")
    assert code == 3
    assert "ValueError: end broke" in document["message"]


def test_files_after_a_usage_error_on_the_way(suite: Suite) -> None:
    """A usage error after the start is code 4, with a complete report."""
    add_hook(
        suite,
        "import pytest\ndef pytest_runtestloop(): raise pytest.UsageError('bad mix')\n",
    )
    code, document, _ = judge(suite, "")
    assert (code, document["result"]) == (4, "error")


def test_a_killed_run_is_rebuilt(suite: Suite) -> None:
    """After kill -9 the events and the last results remain, and the other two are made of them."""
    suite.write(HEAD + FAILS + WAIT)
    process = suite.start("tests")
    suite.wait_for("ready")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    folder = suite.folder / "report"
    before = assert_valid_results(folder)
    assert (before["result"], before["state"]) == ("error", "running")
    assert sorted(path.name for path in folder.iterdir()) == ["events.jsonl", "results.yaml"]
    assert rebuild(folder) == [folder / "junit.xml", folder / "report.html"]
    assert_valid_junit(folder / "junit.xml")
    assert_self_contained(folder / "report.html")
    page = (folder / "report.html").read_text()
    for words in ("test_passes", "test_fails", "the evidence", "test_after", "killed"):
        assert words in page
    assert assert_valid_results(folder) == before
    assert rebuild(folder) == []


@pytest.mark.parametrize(
    "text", ["raise ImportError('no')", "import pytest; pytest.skip(allow_module_level=True)"]
)
def test_a_file_that_cannot_be_collected_is_told(suite: Suite, text: str) -> None:
    """A broken or skipped test file must not shrink the suite in silence."""
    (suite.folder / "tests" / "test_broken.py").write_text(text)
    code, document, output = judge(suite, "")
    assert code == 3
    assert "tests/test_broken.py could not be collected" in document["message"]
    assert "tests/test_broken.py could not be collected" in output


def test_a_foreign_folder_is_a_usage_error(suite: Suite) -> None:
    """A directory whose results.yaml is not ours is refused, and nothing in it changes."""
    report = suite.folder / "report"
    report.mkdir()
    (report / "results.yaml").write_text("theirs: 1\n")
    (report / "junit.xml").write_text("theirs")
    suite.write(HEAD)
    code, output, _ = suite.run("tests")
    assert code == 4
    assert "is not a ConformanceReport" in output
    assert (report / "results.yaml").read_text() == "theirs: 1\n"
    assert (report / "junit.xml").read_text() == "theirs"


def test_an_earlier_report_is_removed_first(suite: Suite) -> None:
    """A run that dies at once must not leave the report of the run before."""
    judge(suite, FAILS)
    suite.write(HEAD + "def test_dies(): os.kill(os.getpid(), 9)")
    code, _, _ = suite.run("tests")
    report = suite.folder / "report"
    assert code == -signal.SIGKILL
    assert assert_valid_results(report)["state"] == "running"
    assert not (report / "junit.xml").exists()
    assert "test_fails" not in (report / "events.jsonl").read_text()


@pytest.mark.parametrize(
    "arguments", [["--collect-only"], ["-k", "nothing"], ["other"], ["--plan"]]
)
def test_no_report_without_a_check_to_run(suite: Suite, arguments: list[str]) -> None:
    """Only a session that runs a check of the suite has a report."""
    (suite.folder / "other").mkdir()
    (suite.folder / "other" / "test_other.py").write_text(
        "import pytest\ndef test_it(): pytest.skip('allowed here')\n"
    )
    suite.write(HEAD)
    code, output, _ = suite.run(*arguments)
    assert code == (5 if "nothing" in arguments else 0), output
    assert not (suite.folder / "report").exists()


def test_another_folder_of_checks(suite: Suite) -> None:
    """The folder of checks can be told in the ini file."""
    (suite.folder / "tests").rename(suite.folder / "checks")
    (suite.folder / "pytest.toml").write_text('[pytest]\nclusterdns_tests = "checks"\n')
    (suite.folder / "checks" / "test_it.py").write_text(HEAD)
    assert suite.run("checks")[0] == 0
    document = assert_complete(suite.folder / "report")
    assert [check["id"] for check in document["checks"]] == ["checks/test_it.py::test_passes"]


@pytest.mark.parametrize(
    ("mark", "complaint"),
    [
        ("level('shuold')", "level is one of must, should, may, advice"),
        ("about('paths', 'pahts')", "test_l: no topic is named 'pahts'"),
    ],
    ids=["level", "topic"],
)
def test_a_misspelt_mark_is_a_usage_error(suite: Suite, mark: str, complaint: str) -> None:
    """It must not make a rule optional, nor hide a check from the diagnosis."""
    suite.write(f"{HEAD}@pytest.mark.{mark}\ndef test_l(): pass")
    code, output, _ = suite.run("tests")
    assert code == 4
    assert complaint in output


def test_a_folder_that_cannot_be_made_is_a_usage_error(suite: Suite) -> None:
    """A file where the report should go is told before anything is done."""
    (suite.folder / "report").write_text("a file")
    suite.write(HEAD)
    code, output, _ = suite.run("tests")
    assert code == 4
    assert "--report-dir report cannot be used" in output


def test_a_report_that_cannot_be_written_is_not_silent(suite: Suite) -> None:
    """When the folder is lost on the way the run ends with 3, and the summary says why."""
    suite.write(f"{HEAD}    __import__('shutil').rmtree('report')\n{FAILS}")
    code, output, _ = suite.run("tests")
    assert code == 3
    assert "report: a file could not be written: FileNotFoundError" in output
    assert "the evidence" in output
