"""The parts of a summary on a terminal, whole: a failure, a diagnosis, the verdict."""

from collections import Counter
from dataclasses import dataclass

from clusterdns.report.lines import Line, Tone, clipped, first_of, lines_of
from clusterdns.report.model import UNKNOWN, Check, Diagnosis, Outcome, Report
from clusterdns.report.sentences import (
    cluster_lines,
    corefile_notes,
    counted,
    exit_line,
    time_line,
    unprobed_lines,
    verdict,
)

IN_REPORT = "see report.html"


@dataclass(frozen=True)
class Limits:
    """How much of a list is told, and of each text in it: entries, rows of so many columns."""

    most: int
    rows: int
    columns: int

    def list(self, texts: list[str], what: str) -> list[str]:
        """The first texts, each cut to its rows, and how many more there are."""
        return first_of([self.text(each) for each in texts], self.most, what, IN_REPORT)

    def text(self, text: str) -> str:
        """The text cut to its rows; whole where a command is in it."""
        return clipped(text, self.columns, self.rows)


UNLIMITED = Limits(most=10**6, rows=10**6, columns=10**6)


def check_lines(check: Check) -> list[Line]:
    """One failure or deviation with its rule and its whole evidence."""
    tone: Tone = "bad" if check.outcome == "failed" else "warn"
    clauses = f" [{', '.join(check.spec)}]" if check.spec else ""
    return [
        Line(f"{check.name} ({check.level})", tone, fill="_"),
        *([Line(f"{check.rule}{clauses}")] if check.rule else []),
        *lines_of(check.message),
    ]


def diagnosis_lines(diagnosis: Diagnosis) -> list[Line]:
    """What is probably wrong, why we think so, and what to do."""
    return [
        *heading_lines(diagnosis),
        *(Line(f"  - {line}") for line in diagnosis.evidence),
        *remedy_lines(diagnosis),
        *extent_lines(diagnosis),
    ]


def heading_lines(diagnosis: Diagnosis) -> list[Line]:
    """The cause, and how sure it is."""
    return [
        Line(f"diagnosis: {diagnosis.cause}", bold=True, fill="="),
        *lines_of(diagnosis.summary, bold=True),
        Line(f"layer {diagnosis.layer}, confidence {diagnosis.confidence}"),
    ]


def remedy_lines(diagnosis: Diagnosis) -> list[Line]:
    """What to do, each command on a line of its own."""
    if not diagnosis.remedy:
        return []
    return [Line("what to do:"), *(Line(f"  {line}") for line in diagnosis.remedy)]


def extent_lines(diagnosis: Diagnosis) -> list[Line]:
    """How many checks it is about."""
    if not diagnosis.checks:
        return []
    word = "is about" if diagnosis.cause == UNKNOWN else "explains"
    return [Line(f"{word} {counted(len(diagnosis.checks), 'check')}")]


def verdict_lines(
    report: Report, page: str, complaints: tuple[str, ...] = (), limits: Limits = UNLIMITED
) -> list[Line]:
    """The last lines: what was judged, the verdict, what was not run and why, time, files.

    ``page`` is the path of report.html, ``complaints`` what went wrong with the files.
    """
    good = report.result == "success" and report.cleanup.state != "changed"
    changed = report.cleanup.state == "changed"
    kept = "kept" if report.cleanup.state == "kept" else "NOT cleaned up"
    left = [f"{kept}: {what}" for what in report.cleanup.leftovers]
    if report.cleanup.state == "clean":
        left = []
    notes = [f"note (no fault): {note}" for note in report.notes]
    if limits == UNLIMITED:
        notes += [f"worth knowing: {note}" for note in corefile_notes(report)]
    warnings = [f"warning (fails nothing): {warning}" for warning in report.warnings]
    return [
        Line("cluster DNS conformance", bold=True, fill="="),
        *(Line(limits.text(line)) for line in cluster_lines(report)),
        Line(verdict(report), "good" if good else "bad", bold=True),
        *message_lines(report.message, limits),
        *(Line(line, "warn") for line in limits.list(unprobed_lines(report), "reasons")),
        Line(counts_line(report)),
        *(Line(line) for line in reason_lines(report, limits)),
        *(Line(line, "bad" if changed else "plain") for line in limits.list(left, "things")),
        *(Line(line) for line in limits.list(notes, "notes")),
        *(Line(line) for line in limits.list(warnings[:WARNINGS_SHOWN], "warnings")),
        Line(limits.text(f"time: {time_line(report)}")),
        *(Line(f"report: {complaint}", "bad") for complaint in complaints),
        Line(f"report: {page}, and results.yaml, junit.xml there"),
        *([Line(exit_line(report), bold=True)] if exit_line(report) else []),
    ]


WARNINGS_SHOWN = 5  # also of a whole report: they fail nothing
REASONS_SHOWN = 12


def message_lines(message: str, limits: Limits) -> list[Line]:
    """Why the run ended early: of many lines, such as tracebacks, the first and the last."""
    texts = message.splitlines()
    room = limits.most * 3
    if len(texts) > room:
        head, tail = room // 2, room - room // 2 - 1
        left = f"  ... {len(texts) - head - tail} more lines, {IN_REPORT}"
        texts = [*texts[:head], left, *texts[-tail:]]
    alone = Limits(limits.most, limits.most * 3, limits.columns) if len(texts) == 1 else limits
    return [Line(alone.text(text)) for text in texts]


def counts_line(report: Report) -> str:
    """How many checks have which outcome; none is left out silently."""
    summary = report.summary
    parts = [
        f"{summary.passed} passed",
        f"{summary.failed} failed",
        counted(summary.deviations, "deviation"),
        f"{summary.waived} waived",
        f"{summary.not_applicable} not applicable",
        f"{summary.not_run} not run",
    ]
    return ", ".join(part for part in parts if not part.startswith("0 ") or "failed" in part)


def reason_lines(report: Report, limits: Limits = UNLIMITED) -> list[str]:
    """Why checks were not run or do not apply: each reason once, with how many it stopped."""
    lines = []
    kinds: tuple[tuple[Outcome, str], ...] = (
        ("not-run", "not run"),
        ("not-applicable", "not applicable"),
    )
    for outcome, words in kinds:
        reasons = Counter(check.message for check in report.with_outcome(outcome)).most_common()
        most = min(limits.most, REASONS_SHOWN)
        for reason, number in reasons[:most]:
            told = "for the reason above" if reason == report.message else reason
            lines.append(limits.text(f"  {words} ({number}): {told}"))
        if left := reasons[most:]:
            checks = sum(number for _, number in left)
            lines.append(f"  {words} ({checks}): for {counted(len(left), 'reason')} more")
    return lines
