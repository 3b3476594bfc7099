"""The log and errors plugins: what they tell of each question, and what they keep to themselves.

Tried in a private CoreDNS of the cluster's own image, by the questions that were put to it.
"""

import pytest

from clusterdns.experiments.gather import Gather
from clusterdns.experiments.logs_and_metrics.experiment import Reporting
from clusterdns.experiments.logs_and_metrics.questions import (
    ASKINGS,
    CLASSES,
    FAILING,
    LIKE,
    LOGGED,
    QUIET,
    TOGETHER,
    UNLOGGED,
    Asking,
)
from clusterdns.matrix.expect import Expected

pytestmark = [pytest.mark.slow, pytest.mark.about("logs")]
OPT = 11  # octets of an OPT record without options (RFC 6891 6.1.2), which an answer may lack


@pytest.mark.parametrize("asking", ASKINGS, ids=str)
def test_question_has_one_line(reporting: Reporting, asking: Asking) -> None:
    """With log each question must have one line, with what was asked and what was answered."""
    lines = reporting.lines(LOGGED, asking)
    right = reporting.right(LOGGED, asking)
    assert [line.said for line in lines] == [right], f"{lines or 'no line'}\n  must be {right}"


@pytest.mark.parametrize("asking", ASKINGS, ids=str)
def test_line_has_size_and_duration(reporting: Reporting, asking: Asking) -> None:
    """Its answer must not be smaller than the question, and it must have taken some time."""
    lines = reporting.lines(LOGGED, asking)
    wrong = [line.text for line in lines if line.rsize < line.said.size - OPT or not line.duration]
    assert (bool(lines), wrong) == (True, []), wrong or "no line"


def test_without_log_there_is_no_line(reporting: Reporting) -> None:
    """Without log no question must have a line."""
    assert reporting.labels_logged(UNLOGGED) == frozenset(), reporting.log


@pytest.mark.parametrize("kind", CLASSES)
def test_class_chooses_the_lines(reporting: Reporting, kind: str) -> None:
    """With a class only answers of that class must have a line, and each of them."""
    logged = reporting.labels_logged(CLASSES[kind])
    assert logged == {a.label for a in ASKINGS if a.kind == kind}, f"class {kind}: {logged}"


def test_dead_upstream_gives_servfail(reporting: Reporting, gather: Gather) -> None:
    """Whatever is told about it, a question whose upstream is dead must be answered SERVFAIL."""
    answers = gather(*(answer for each in reporting.failed.values() for answer in each))
    assert answers.match(Expected("SERVFAIL")), answers


def test_error_names_question_and_cause(reporting: Reporting) -> None:
    """With errors each failure must have one line with rcode, name, type and cause."""
    errors = reporting.errors(FAILING)
    named = sorted(
        (e.rcode, e.name, e.rdtype, e.cause.endswith("connection refused")) for e in errors
    )
    names = sorted(answer.question.name for answer in reporting.failed[FAILING])
    assert named == [(2, name, "A", True) for name in names], errors or "no line"


def test_without_errors_there_is_no_line(reporting: Reporting) -> None:
    """Without errors a failure must have no line."""
    assert reporting.errors(QUIET) == (), reporting.errors(QUIET)


def test_consolidated_errors_are_told_together(reporting: Reporting) -> None:
    """With consolidate failures that are alike must be counted, and not told one by one."""
    told = reporting.together
    counts = (sum(line.count for line in told), {line.like for line in told})
    asked = len(reporting.failed[TOGETHER])
    assert (counts, reporting.errors(TOGETHER)) == ((asked, {LIKE}), ()), told or "no line"
