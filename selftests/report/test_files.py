"""The four files of a report: valid, faithful, whole, and only ever in a folder of our own."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from clusterdns.report.events import EventLog, read_events
from clusterdns.report.html import render, write_html
from clusterdns.report.junit import write_junit
from clusterdns.report.model import Check, Report, Suite
from clusterdns.report.results import (
    NotOursError,
    claim_folder,
    load_document,
    read_results,
    to_document,
    write_results,
)
from selftests.report.examples import (
    CAUSE,
    CHECKS,
    ODD,
    REPORT,
    SCHEMA,
    assert_self_contained,
    assert_valid_junit,
    assert_valid_results,
)

STARTED = Report(date="2026-11-22T18:47:14Z", suite=Suite("0.1.0"))
REPORTS = pytest.mark.parametrize(
    "report",
    [REPORT, STARTED, replace(REPORT, result="error", exit_code=10, message=ODD, checks=())],
    ids=["one-of-everything", "just-started", "nothing-judged"],
)


@REPORTS
def test_results_match_their_schema(report: Report, tmp_path: Path) -> None:
    """results.yaml must be as the shipped schema describes it."""
    write_results(report, tmp_path)
    assert_valid_results(tmp_path)


def test_schema_refuses_what_is_not_a_report(tmp_path: Path) -> None:
    """The schema is no rubber stamp: an unknown outcome or a bracket in an id is refused."""
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for bad in ({"outcome": "xfailed"}, {"id": "tests/test_a.py::test_a[udp]"}, {"ms": "fast"}):
        document = to_document(REPORT)
        document["date"] = str(document["date"])
        assert validator.is_valid(document)
        document["checks"][0] |= bad
        assert not validator.is_valid(document), bad


def test_results_keep_the_order_of_the_contract(tmp_path: Path) -> None:
    """Keys stand where the contract has them, and the date is not quoted."""
    write_results(REPORT, tmp_path)
    text = (tmp_path / "results.yaml").read_text()
    heads = [line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert heads == [
        "apiVersion",
        "kind",
        "date",
        "state",
        "suite",
        "cluster",
        "result",
        "exitCode",
        "timing",
        "summary",
        "checks",
        "diagnoses",
        "cleanup",
    ]
    assert "\ndate: 2026-11-22T18:47:14Z\n" in text
    assert list(load_document(tmp_path)["checks"][0]) == [
        "id",
        "param",
        "level",
        "outcome",
        "spec",
        "ms",
        "asked",
        "lost",
        "deviating",
    ]


def test_results_are_read_back_as_written(tmp_path: Path) -> None:
    """Nothing of a report is lost or changed by its file, odd characters included."""
    write_results(REPORT, tmp_path)
    plain = tuple(replace(check, rule="", group="", seconds=0.0) for check in CHECKS)
    assert read_results(tmp_path) == replace(REPORT, checks=plain, notes=())


def test_a_value_used_twice_is_written_twice(tmp_path: Path) -> None:
    """No YAML references: many readers of results do not know them."""
    write_results(REPORT, tmp_path)
    text = (tmp_path / "results.yaml").read_text()
    assert "&id" not in text
    assert "*id" not in text


@REPORTS
def test_junit_is_accepted(report: Report, tmp_path: Path) -> None:
    """junit.xml must be of the form that CI systems accept, whatever an answer contained."""
    write_junit(report, tmp_path)
    assert_valid_junit(tmp_path / "junit.xml")


def test_junit_counts_and_names(tmp_path: Path) -> None:
    """Each check is one case, named name[param]; a deviation is no failure."""
    write_junit(REPORT, tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [
        "test_a[udp]",
        "test_a[tcp]",
        "test_b",
        "test_c",
        "test_d",
        "test_e",
    ]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "0", "skipped": "3"}
    skipped = [case.find("skipped") for case in cases]
    assert [each.get("message") for each in skipped if each is not None] == [
        "waived: the user's file",
        "not-applicable: no IPv6",
        "not-run: no probe: reasons",
    ]
    assert {case.get("classname") for case in cases} == {"tests.dns.test_example"}


def alike(number: int) -> tuple[Check, ...]:
    """Failed checks of one rule, each with three lines of evidence of its own."""
    return tuple(
        replace(CHECKS[1], param=str(n), message=f"own line {n}\nsecond {n}\nthird {n}")
        for n in range(number)
    )


def test_junit_has_the_evidence_of_a_group_once(tmp_path: Path) -> None:
    """All cases fail, each with its own first line; the first of a cause and rule has the rest."""
    checks = alike(5)
    caused = replace(CAUSE, checks=tuple(check.name for check in checks[2:]))
    write_junit(replace(REPORT, checks=checks, diagnoses=(caused,)), tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("failures") == "5"
    texts = [failure.text or "" for failure in suite.iter("failure")]
    assert [text.splitlines()[0] for text in texts] == [f"own line {n}" for n in range(5)]
    assert [n for n, text in enumerate(texts) if f"third {n}" in text] == [0, 2]
    assert f"stands once, at {checks[0].name};" in texts[1]
    assert all(f"stands once, at {checks[2].name};" in text for text in texts[3:])


def test_page_puts_failures_under_their_causes() -> None:
    """Each group opens, and names its cause and number; all the evidence is there."""
    checks = alike(5)
    caused = replace(CAUSE, checks=tuple(check.name for check in checks[2:]))
    page = " ".join(render(replace(REPORT, checks=checks, diagnoses=(caused,))).split())
    assert "<summary><b>3 checks</b> explained by <b>upstream-unreachable</b>: Nobody" in page
    assert "<summary><b>2 checks</b> that no known cause explains </summary>" in page
    for number in range(5):
        assert page.count(f"third {number}") == 1


def test_junit_of_a_run_that_judged_nothing_is_not_green(tmp_path: Path) -> None:
    """A CI system that only reads junit.xml must see that nothing was judged."""
    write_junit(replace(STARTED, message="no such context", exit_code=10), tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("errors") == "1"
    assert [error.get("message") for error in suite.iter("error")] == ["no such context"]


@REPORTS
def test_page_is_self_contained(report: Report, tmp_path: Path) -> None:
    """report.html must need nothing beside itself."""
    write_html(report, tmp_path)
    assert_self_contained(tmp_path / "report.html")


def test_page_shows_everything_as_text() -> None:
    """All checks, reasons and evidence are there; markup in an answer stays text."""
    page = render(REPORT)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    for check in CHECKS:
        assert check.name.rpartition("::")[2] in page
    for words in (
        "no probe: reasons",
        "no IPv6",
        "Nobody answers at 192.0.2.1",
        "kind-x",
        "no file &amp; that",
    ):
        assert words in page


def test_claiming_removes_the_four_files_and_nothing_else(tmp_path: Path) -> None:
    """A run starts with an empty report, and does not touch what is not its own."""
    write_results(REPORT, tmp_path)
    write_junit(REPORT, tmp_path)
    write_html(REPORT, tmp_path)
    for name in ("events.jsonl", "notes.txt"):
        (tmp_path / name).write_text('{"time": "cut off')
    claim_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "text",
    ["", "a: b\n", "[1, 2]\n", "kind: ConformanceReport\napiVersion: other/v1\n", ": [", "\udcff"],
    ids=["empty", "other-keys", "list", "other-version", "no-yaml", "no-text"],
)
def test_a_foreign_folder_is_refused_untouched(text: str, tmp_path: Path) -> None:
    """A results.yaml that is not ours must survive, and so must the files beside it."""
    (tmp_path / "results.yaml").write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "junit.xml").write_text("theirs")
    with pytest.raises(NotOursError):
        claim_folder(tmp_path)
    assert (tmp_path / "junit.xml").read_text() == "theirs"
    assert (tmp_path / "results.yaml").exists()


def test_events_survive_a_line_that_a_kill_cut_off(tmp_path: Path) -> None:
    """Each event is on disk as soon as it is written; half a line is left out when read."""
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write("one", text=ODD)
        assert [event["text"] for event in read_events(path)] == [ODD]
        with path.open("a") as file:
            file.write('{"event": "tw')
        assert [event["event"] for event in read_events(path)] == ["one"]
