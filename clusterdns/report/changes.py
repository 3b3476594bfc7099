"""What has changed since earlier reports, in lines for a terminal and in words for the others."""

from collections.abc import Sequence

from clusterdns.report.comparison import CHANGES, AnswerChange, Change, Comparison
from clusterdns.report.lines import Line, Tone, clipped, rows
from clusterdns.report.sentences import counted

MOST_ROWS = 14  # of the comparison, where the room is short
IN_REPORT = "see report.html"
TONES: dict[Change, Tone] = {"regressed": "bad", "fixed": "good", "slower": "warn"}


def summary_of(comparison: Comparison) -> str:
    """What has changed, in one line."""
    parts = [f"{n} {change}" for change in CHANGES if (n := comparison.counts.get(change, 0))]
    answers = [a for a in comparison.answers if a.cells]
    found = [
        f"checks: {', '.join(parts) or 'none'}",
        f"answers: {counted(len(answers), 'difference')}" if answers else "answers: as before",
    ]
    if comparison.paths:
        found.append(f"paths: {len(comparison.paths)} slower or faster")
    return "; ".join(found)


def answer_words(change: AnswerChange) -> str:
    """A difference of answers in one line."""
    what = ", ".join(change.questions[:2])
    left = max(0, len(change.questions) - 2) + change.more_questions
    more = f" and {counted(left, 'more question')}" if left else ""
    if change.field == "asked":
        return f"{change.now} now, {change.before} before: {what}{more}"
    where = f" at {', '.join(change.places)}" if change.places else ""
    return f"{change.field}: {change.before} -> {change.now}{where}, for {what}{more}"


def comparison_lines(comparison: Comparison) -> list[Line]:
    """The whole comparison: each difference in one line."""
    first = comparison.reports[0] if len(comparison.reports) == 1 else ""
    since = first or f"{len(comparison.reports)} reports, the newest {comparison.reports[-1]}"
    return [
        Line(f"compared with {since}", bold=True, fill="="),
        *(Line(f"  {fact}") for fact in comparison.facts),
        *(
            Line(
                f"  {each.change}: {each.name} ({_outcomes(each.before, each.now)})",
                TONES.get(each.change, "plain"),
            )
            for each in comparison.checks
        ),
        *(Line(f"  answers differ in {answer_words(each)}", "warn") for each in comparison.answers),
        *(
            Line(
                f"  {p.change}: {p.path}: {p.before_ms:.1f} ms before, {p.now_ms:.1f} ms now",
                TONES.get(p.change, "plain"),
            )
            for p in comparison.paths
        ),
        *(Line(f"  {note}") for note in comparison.notes),
        Line(summary_of(comparison), "bad" if comparison.regressions else "plain", bold=True),
    ]


def _outcomes(before: str, now: str) -> str:
    return f"{before or 'not judged'} before, {now or 'not selected'} now"


def brief_comparison(comparison: Comparison | None, columns: int) -> list[Line]:
    """The comparison in at most MOST_ROWS rows: the first line and the last, and what fits."""
    if comparison is None:
        return []
    first, *middle, last = (
        Line(clipped(line.text, columns, 2), line.tone, line.bold, line.fill)
        for line in comparison_lines(comparison)
    )
    kept: list[Line] = []
    room = MOST_ROWS - rows([first, last], columns)
    for line in middle:
        if rows([*kept, line], columns) > room - (len(kept) + 1 < len(middle)):
            break
        kept.append(line)
    left = len(middle) - len(kept)
    more = [Line(f"  ... {counted(left, 'more line')}, {IN_REPORT}")] if left else []
    return [first, *kept, *more, last]


def change_of(comparison: Comparison | None) -> dict[tuple[str, str], str]:
    """By check: how it has changed, in words; what is unchanged is left out."""
    if comparison is None:
        return {}
    return {
        (c.id, c.param): f"{c.change} ({_outcomes(c.before, c.now)})" for c in comparison.checks
    }


def properties_of(comparison: Comparison | None) -> Sequence[tuple[str, str]]:
    """The comparison as JUnit has it: names and values."""
    if comparison is None:
        return []
    lists = (
        ("compared with", comparison.reports),
        ("answers differ in", [answer_words(each) for each in comparison.answers]),
        ("path", [f"{p.change}: {p.path}" for p in comparison.paths]),
        ("compared", comparison.facts),
        ("comparison note", comparison.notes),
    )
    return [
        ("comparison", summary_of(comparison)),
        *((f"{name} {n}", text) for name, texts in lists for n, text in enumerate(texts, start=1)),
    ]
