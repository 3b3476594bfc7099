"""A run compared with earlier ones: its checks, its answers, and how long they took."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
from clusterdns.compare.roles import FRESH, shown
from clusterdns.compare.speed import blocks_of, change_of, is_above, middle
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
from clusterdns.report.sentences import counted

SPEED_ROUNDS = 3
FEWEST_REPORTS = 2  # that must say that a check is faster
Times = Callable[[Sequence[Spot]], tuple[list[float], list[float]]]
"""Asks the questions of spots again, and a control question on the same paths; milliseconds."""

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
    plain, fleeting = confirmed(plain_differences(memory, table), memory, table, ask.again)
    ttls, _ = ttl_differences(memory, table, ask.again)
    orders, turned = order_differences(memory, table, ask.again)
    every: Found = plain | ttls | orders
    found.answers = [_shown(c, now.zone) for c in in_words(every, table.contents)]
    found.answers += asked_changes(memory, table, now.zone)
    if gone := fleeting + turned:
        words = ("difference of answers", "differences of answers")
        found.notes.append(f"{counted(gone, *words)} did not come again when asked anew")
    found.paths = paths_changed(memory, table, ask.times_of_path)
    off = {change.path for change in found.paths}
    each = [memory_of([recording], now) for recording in recordings]
    found.speeds = checks_changed(each, table, off, ask.times)
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
    came, gone = ([q for q in each if not q.endswith(FRESH)] for each in (came, gone))
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
        if change == "slower" and not all(
            change_of(before, blocks_of(again(path))) == "slower" for _ in range(SPEED_ROUNDS)
        ):
            continue
        if change:
            blocks = min(len(before), len(now))
            change_ms = round(middle(before), 1), round(middle(now), 1)
            found.append(SpeedChange(path_words(path), change, *change_ms, blocks))
    return found


def checks_changed(
    earlier: Sequence[Table], table: Table, off: set[str], again: Times
) -> dict[Key, tuple[Change, float, float]]:
    """The checks whose answers are slower or faster on paths that are not; by the same rule."""
    found: dict[Key, tuple[Change, float, float]] = {}
    for key, asked in table.checks.items():
        usual = [(spot, ms) for spot, ms in asked if path_words(spot[1:]) not in off]
        now = blocks_of([ms for _, ms in usual])
        each = [_blocks_on(memory.checks.get(key, ()), off) for memory in earlier]
        before = [block for blocks in each for block in blocks]
        change = change_of(before, now)
        if change == "slower" and not _stays_slow(before, [spot for spot, _ in usual], again):
            continue
        if change == "faster" and sum(is_above(b, now) for b in each if b) < FEWEST_REPORTS:
            continue
        if change:
            found[key] = (change, middle(before), middle(now))
    return found


def _blocks_on(asked: Sequence[tuple[Spot, float]], off: set[str]) -> tuple[float, ...]:
    """The blocks of what was asked on other paths than these."""
    return blocks_of([ms for spot, ms in asked if path_words(spot[1:]) not in off])


def _stays_slow(before: Sequence[float], spots: Sequence[Spot], again: Times) -> bool:
    """Whether it is slow in each of several rounds, and slower than a control question is then."""
    for _ in range(SPEED_ROUNDS):
        times, controls = (blocks_of(each) for each in again(spots))
        if change_of(before, times) != "slower" or change_of(controls, times) != "slower":
            return False
    return True


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
