"""The summary of a run on one screen: failures by cause and rule, the diagnosis, the verdict.

Failures that one cause explains are one line with their number, and one example; others are told
whole where there is room, else as a line for each rule and one example. The files have everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clusterdns.report.blocks import (
    IN_REPORT,
    Limits,
    check_lines,
    diagnosis_lines,
    extent_lines,
    heading_lines,
    remedy_lines,
    verdict_lines,
)
from clusterdns.report.changes import brief_comparison
from clusterdns.report.groups import Alike, Explained, by_cause, by_rule
from clusterdns.report.lines import Line, clipped, rows, shares, shortened
from clusterdns.report.model import Diagnosis, Report
from clusterdns.report.sentences import counted

MOST_ROWS = 44  # with the progress of a quiet run these are 60 rows on the screen
VERDICT_ROWS = 18
FAILURE_ROWS = 12  # that the diagnoses leave to the failures, if these want as many
MINOR_ROWS = 6  # of the deviations, where failures need the room
LIMITS = ((5, 3), (4, 2), (3, 2), (3, 1), (2, 1), (1, 1))  # entries of a list, rows of each


@dataclass(frozen=True)
class Section:
    """Checks under one heading. Where one cause explains them all, one stands for all."""

    heading: Line
    groups: tuple[Alike, ...]
    one_cause: bool = False
    minor: bool = False  # told in few words where room is short

    def lines(self, columns: int, room: int) -> list[Line]:
        """As much as there is room for, below the heading."""
        whole = self.whole(columns)
        if rows(whole, columns) <= room:
            return [self.heading, *whole]
        rules = [] if self.one_cause else self.rules(columns, room)
        example = shortened(
            check_lines(self.groups[0].first), columns, room - len(rules), IN_REPORT
        )
        return [self.heading, *rules, *example]

    def wanted(self, columns: int) -> int:
        """How many rows would tell everything, without the heading."""
        return rows(self.whole(columns), columns)

    def whole(self, columns: int) -> list[Line]:
        """The first of each rule with all its evidence, and which others there are."""
        shown = self.groups[:1] if self.one_cause else self.groups
        return [line for group in shown for line in self._whole(group, columns)]

    def _whole(self, group: Alike, columns: int) -> list[Line]:
        lines = check_lines(group.first)
        others = [check.param or check.name for check in group.checks[1:]]
        if others and not self.one_cause:
            text = f"and {len(others)} alike: {', '.join(others)}"
            lines.append(Line(clipped(text, columns), lines[0].tone))
        return lines

    def rules(self, columns: int, room: int) -> list[Line]:
        """One line for each rule with the number of its checks, in half of the room."""
        most = max(1, room // 2) if len(self.groups) > room else len(self.groups)
        shown = self.groups if len(self.groups) <= most else self.groups[: max(0, most - 1)]
        lines = [clipped(f"{len(each.checks):6}  {each.title}", columns) for each in shown]
        if left := self.groups[len(shown) :]:
            number = sum(len(group.checks) for group in left)
            words = f"of {counted(len(left), 'more rule')}, {IN_REPORT}"
            lines.append(f"{number:6}  {words}")
        return [Line(line) for line in lines][: max(0, room)]


def brief(
    report: Report, page: str, complaints: tuple[str, ...] = (), *, columns: int = 100
) -> list[Line]:
    """The summary in at most MOST_ROWS rows of 100 columns.

    A narrower terminal may take more: what cannot be left out is told all the same.
    """
    verdicts = (
        verdict_lines(report, page, complaints, Limits(most, each, columns))
        for most, each in LIMITS
    )
    end: list[Line] = []
    for end in verdicts:
        if rows(end, columns) <= VERDICT_ROWS:
            break
    changes = brief_comparison(report.comparison, columns)
    room = MOST_ROWS - rows([*end, *changes], columns)
    sections = sections_of(report)
    wanted = sum(each.wanted(columns) + 2 for each in sections)
    causes = causes_lines(report.diagnoses, columns, room - min(wanted, FAILURE_ROWS))
    told = sections_lines(sections, columns, room - rows(causes, columns))
    return [*told, *changes, *causes, *end]


def sections_of(report: Report) -> list[Section]:
    """The failures under their causes, then the deviations."""
    failures = [section_of(group, report) for group in by_cause(report, "failed")]
    doubts = by_rule(report.with_outcome("deviation"))
    number = sum(len(group.checks) for group in doubts)
    heading = Line(f"deviations: {number}, no failures but worth a look", "warn", fill="=")
    return [*failures, *([Section(heading, doubts, minor=bool(failures))] if doubts else [])]


def section_of(group: Explained, report: Report) -> Section:
    """The failed checks of one cause, or of none that is known."""
    number = len(group.checks)
    words = f"failed: {counted(number, 'check')}"
    if group.cause is not None:
        words += f" explained by {group.cause.cause}"
        words += ", such as" if number > 1 else ""
    elif report.diagnoses:
        words += " that no known cause explains"
    return Section(Line(words, "bad", fill="="), group.alike, one_cause=group.cause is not None)


def sections_lines(sections: Sequence[Section], columns: int, room: int) -> list[Line]:
    """The sections, each with its share of the room. Those that have none are counted."""
    shown = [*sections[: max(1, room // 2)]]
    room -= rows((each.heading for each in shown), columns) + (len(shown) < len(sections))
    wanted = [each.wanted(columns) for each in shown]
    if sum(wanted) > room:
        wanted = [
            min(want, len(each.groups), MINOR_ROWS) if each.minor else want
            for want, each in zip(wanted, shown, strict=True)
        ]
    lines = [
        line
        for each, share in zip(shown, shares(wanted, room), strict=True)
        for line in each.lines(columns, share)
    ]
    if left := sections[len(shown) :]:
        number = sum(len(group.checks) for each in left for group in each.groups)
        lines.append(Line(f"and {counted(number, 'check')} for other reasons, {IN_REPORT}"))
    return lines


def causes_lines(diagnoses: Sequence[Diagnosis], columns: int, room: int) -> list[Line]:
    """The diagnoses: the first as whole as can be, the others as there is room."""
    if not diagnoses:
        return []
    others = diagnoses[1:]
    lines = cause_lines(diagnoses[0], columns, room - min(room // 2, 2 * len(others)))
    room -= rows(lines, columns)
    for done, diagnosis in enumerate(others):
        share = room // (len(others) - done)
        if share < 1:
            left = counted(len(others) - done, "more diagnosis", "more diagnoses")
            return [*lines, Line(f"and {left}, {IN_REPORT}")]
        told = cause_lines(diagnosis, columns, share, heading_only=True)
        room -= rows(told, columns)
        lines += told
    return lines


def cause_lines(
    diagnosis: Diagnosis, columns: int, room: int, *, heading_only: bool = False
) -> list[Line]:
    """A diagnosis in so many rows: first its evidence is cut, then what to do, command by command.

    With ``heading_only`` a single line stands for what has no room for its remedy.
    """
    whole = diagnosis_lines(diagnosis)
    if rows(whole, columns) <= room:
        return whole
    heading, remedy = heading_lines(diagnosis), remedy_lines(diagnosis)
    extent = extent_lines(diagnosis)
    left = room - rows([*heading, *remedy, *extent], columns)
    if left >= 0:
        evidence = [Line(clipped(f"  - {each}", columns, 2)) for each in diagnosis.evidence]
        return [*heading, *fitting(evidence, columns, left, "of its evidence"), *remedy, *extent]
    if heading_only:
        text = f"diagnosis: {diagnosis.cause}, {diagnosis.confidence}: {diagnosis.summary}"
        return [Line(clipped(text, columns, max(1, min(room, 3))), bold=True)]
    steps = fitting(remedy, columns, room - rows([*heading, *extent], columns), "of what to do")
    return [*heading, *steps, *extent]


def fitting(lines: Sequence[Line], columns: int, room: int, what: str) -> list[Line]:
    """The first lines that fit whole, and how many more there are."""
    if rows(lines, columns) <= room:
        return list(lines)
    kept: list[Line] = []
    while len(kept) < len(lines) and rows([*kept, lines[len(kept)]], columns) < room:
        kept.append(lines[len(kept)])
    more = f"  ... {counted(len(lines) - len(kept), 'more line')} {what}, {IN_REPORT}"
    return [*kept, Line(more)] if room > 0 else []
