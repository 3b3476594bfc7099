"""A comparison with earlier reports: in all files, and on the terminal with the rest."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from clusterdns.report.brief import MOST_ROWS, brief
from clusterdns.report.html import render
from clusterdns.report.junit import write_junit
from clusterdns.report.lines import rows
from clusterdns.report.model import CleanupResult
from clusterdns.report.results import load_document, read_results, write_results
from clusterdns.report.sentences import exit_line
from clusterdns.report.verdicts import exit_code, result_of
from selftests.report.examples import (
    CHECKS,
    COMPARISON,
    REPORT,
    assert_self_contained,
    assert_valid_junit,
    assert_valid_results,
)

COMPARED = replace(REPORT, comparison=COMPARISON)
CLEAN = CleanupResult("clean")


def test_results_have_it_as_the_schema_says(tmp_path: Path) -> None:
    """The document holds all of it, under one new key; who reads the report again is not told."""
    write_results(COMPARED, tmp_path)
    document = assert_valid_results(tmp_path)["comparison"]
    assert [each["change"] for each in document["checks"]] == ["regressed", "fixed", "gone"]
    assert document["counts"]["slower"] == 0
    assert read_results(tmp_path).comparison is None
    write_results(REPORT, tmp_path)
    assert "comparison" not in load_document(tmp_path)


def test_junit_has_it(tmp_path: Path) -> None:
    """Properties of the suite have the whole, a case what became of its check."""
    write_junit(COMPARED, tmp_path)
    assert_valid_junit(tmp_path / "junit.xml")
    root = ET.parse(tmp_path / "junit.xml").getroot()
    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    words = "checks: 1 regressed, 1 fixed, 1 gone, 3 unchanged"
    assert str(properties["comparison"]).startswith(words)
    assert properties["path 1"] == "slower: worker > pod/coredns-1 over udp"
    told = [str(each.text) for each in root.iter("system-out")]
    assert "change: regressed (passed before, failed now)" in told[1]
    assert "change:" not in told[0]


def test_the_page_has_it(tmp_path: Path) -> None:
    """Every difference is on the page, as text."""
    text = render(COMPARED)
    (tmp_path / "report.html").write_text(text)
    assert_self_contained(tmp_path / "report.html")
    for words in ("What has changed", "30 s", "31.4", "new.test. A", "&lt;b&gt;"):
        assert words in text


def test_the_terminal_has_it_in_few_rows() -> None:
    """Before the diagnosis, within the rows that a summary may have."""
    lines = brief(COMPARED, "report.html")
    texts = [line.text for line in lines]
    first = texts.index("compared with old of 2026-11-21T18:47:14Z: coredns 1.11.3 on kind-x")
    assert first < texts.index("diagnosis: upstream-unreachable")
    assert (
        "  regressed: tests/dns/test_example.py::test_a[tcp] (passed before, failed now)" in texts
    )
    assert "  ttl" not in " ".join(texts[:first])
    many = replace(COMPARISON, checks=COMPARISON.checks * 40, answers=COMPARISON.answers * 9)
    assert rows(brief(replace(REPORT, comparison=many), "report.html"), 100) <= MOST_ROWS


def test_only_what_has_regressed_gives_exit_code_1() -> None:
    """A check that failed before as well is no regression, whatever pytest's status is."""
    failed = [check for check in CHECKS if check.outcome == "failed"]
    names = [check.name for check in failed]
    assert exit_code(1, CHECKS, CLEAN) == 1
    assert exit_code(1, CHECKS, CLEAN, excused=names) == 0
    assert exit_code(1, CHECKS, CLEAN, excused=names, require_complete=True) == 12
    assert exit_code(1, CHECKS, CLEAN, excused=["another"]) == 1
    assert exit_code(1, CHECKS, CLEAN, excused=names, suite_error=True) == 3
    assert exit_code(1, CHECKS, CleanupResult("changed"), excused=names) == 11
    assert exit_code(1, CHECKS[:1], CLEAN) == 1  # somebody else's test
    assert result_of(0, CHECKS) == "partial"
    known = replace(COMPARED, exit_code=0, comparison=replace(COMPARISON, excused=tuple(names)))
    assert exit_line(known).startswith("exit code 0: nothing has regressed; 1 check failed")
