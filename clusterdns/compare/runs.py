"""A run compared with earlier ones: its checks, its answers, and how long they took."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from clusterdns.compare.answers import (
    Again,
    Found,
    confirmed,
    in_words,
    plain_differences,
)
from clusterdns.compare.checks import Key, changes_of, excused
from clusterdns.compare.earlier import Earlier, differing_facts, without_answers
from clusterdns.compare.memory import Spot, Table, memory_of, table_of
from clusterdns.compare.orders import order_differences
from clusterdns.compare.recording import Recording
from clusterdns.compare.roles import shown
from clusterdns.compare.speed import blocks_of, change_of, middle
from clusterdns.compare.ttls import ttl_differences
from clusterdns.report.comparison import (
    AnswerChange,
    Change,
    CheckChange,
    Comparison,
    SpeedChange,
    counts_of,
)
from clusterdns.report.model import Report

SPEED_ROUNDS = 3
Times = Callable[[Sequence[Spot]], list[float]]
"""Asks the questions of spots again, one after the other as a check does; milliseconds."""

PathKey = tuple[str, str, str]  # node, server, transport
TimesOfPath = Callable[[PathKey], list[float]]


@dataclass(frozen=True)
class Asker:
    """Asks the live cluster once more, so that nothing is reported that only fluctuates."""

    again: Again
    times: Times
    times_of_path: TimesOfPath


@dataclass
class Measured:
    """What was found while the cluster could still be asked; the checks are compared last."""

    answers: list[AnswerChange] = field(default_factory=list)
    paths: list[SpeedChange] = field(default_factory=list)
    speeds: dict[Key, tuple[Change, float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measure(before: Sequence[Earlier], now: Recording, ask: Asker) -> Measured:
    """Compare the answers, and what they took, with those of the earlier runs that kept theirs."""
    recordings = [each.recording for each in before if each.recording is not None]
    found = Measured(notes=without_answers(before))
    if not recordings:
        return found
    memory, table = memory_of(recordings, now), table_of(now)
    plain, fleeting = confirmed(plain_differences(memory, table), memory, ask.again)
    ttls, _ = ttl_differences(memory, table, ask.again)
    orders, turned = order_differences(memory, table, ask.again)
    every: Found = plain | ttls | orders
    found.answers = [_shown(c, now.zone) for c in in_words(every, table.contents)]
    found.answers += asked_changes(memory, table, now.zone)
    if gone := fleeting + turned:
        found.notes.append(f"{gone} differences of answers did not come again when asked anew")
    found.paths = paths_changed(memory, table, ask.times_of_path)
    off = {change.path for change in found.paths}
    found.speeds = checks_changed(memory, table, off, ask.times)
    return found


def _shown(change: AnswerChange, zone: str) -> AnswerChange:
    return AnswerChange(
        change.field,
        shown(change.before, zone),
        shown(change.now, zone),
        change.cells,
        tuple(shown(question, zone) for question in change.questions),
        change.more_questions,
        change.places,
    )


def asked_changes(memory: Table, table: Table, zone: str) -> list[AnswerChange]:
    """The questions that checks of both runs asked in one of them only."""
    known, current = set(memory.checks), set(table.checks)
    came = [q for q in table.asked_by if q not in memory.asked_by]
    came = [q for q in came if table.asked_by[q] & known]
    gone = [q for q in memory.asked_by if q not in table.asked_by]
    gone = [q for q in gone if memory.asked_by[q] & current]
    changes = []
    for questions, words in ((came, ("not asked", "asked")), (gone, ("asked", "not asked"))):
        if questions:
            names = tuple(shown(question, zone) for question in questions[:5])
            left = max(0, len(questions) - 5)
            changes.append(AnswerChange("asked", *words, 0, names, left))
    return changes


def path_words(path: PathKey) -> str:
    """A path in words."""
    node, server, transport = path
    return f"{node} > {server} over {transport}"


def paths_changed(memory: Table, table: Table, again: TimesOfPath) -> list[SpeedChange]:
    """The paths that are slower or faster; see clusterdns.compare.speed for the rule."""
    found = []
    for path, now in table.paths.items():
        before = memory.paths.get(path, [])
        change = change_of(before, now)
        if change == "slower" and not _stays(before, partial(again, path)):
            continue
        if change:
            blocks = min(len(before), len(now))
            change_ms = round(middle(before), 1), round(middle(now), 1)
            found.append(SpeedChange(path_words(path), change, *change_ms, blocks))
    return found


def _stays(before: Sequence[float], again: Callable[[], list[float]]) -> bool:
    """Whether each of several rounds of new measurements is above before, too."""
    return all(change_of(before, blocks_of(again())) == "slower" for _ in range(SPEED_ROUNDS))


def checks_changed(
    memory: Table, table: Table, off: set[str], again: Times
) -> dict[Key, tuple[Change, float, float]]:
    """The checks whose answers are slower or faster on paths that are not."""
    found: dict[Key, tuple[Change, float, float]] = {}
    for key, now in table.checks.items():
        usual = [(spot, ms) for spot, ms in now if path_words(spot[1:]) not in off]
        then = [ms for spot, ms in memory.checks.get(key, ()) if path_words(spot[1:]) not in off]
        before, current = blocks_of(then), blocks_of([ms for _, ms in usual])
        change = change_of(before, current)
        spots = [spot for spot, _ in usual]
        if change == "slower" and not _stays(before, partial(again, spots)):
            continue
        if change:
            found[key] = (change, middle(before), middle(current))
    return found


def comparison_of(before: Sequence[Earlier], report: Report, measured: Measured) -> Comparison:
    """The comparison of a finished run."""
    checks = [each.report.checks for each in before]
    changes, told = changes_of(checks, report.checks)
    for key, (change, then, now) in measured.speeds.items():
        if changes.get(key) == "unchanged":
            changes[key] = change
            told.append(CheckChange(*key, change, f"{then:.1f} ms", f"{now:.1f} ms"))
    return Comparison(
        reports=tuple(each.words for each in before),
        counts=counts_of(changes),
        checks=tuple(_by_change(told)),
        answers=tuple(measured.answers),
        paths=tuple(measured.paths),
        facts=tuple(differing_facts(before, report)),
        notes=tuple(measured.notes),
        excused=tuple(excused(checks, report.checks)),
    )


def _by_change(told: Sequence[CheckChange]) -> list[CheckChange]:
    order: Mapping[str, list[CheckChange]] = defaultdict(list)
    for each in told:
        order[each.change].append(each)
    first = ("regressed", "fixed", "slower", "faster", "new", "gone")
    return [each for change in first for each in order.get(change, ())]
