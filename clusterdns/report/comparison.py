"""What has changed since earlier reports, as values: in results.yaml under ``comparison``."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Change = Literal["regressed", "fixed", "new", "gone", "slower", "faster", "unchanged"]
CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True)
class CheckChange:
    """A check that is not as it was: its outcomes, or what it took."""

    id: str
    param: str
    change: Change
    before: str  # its outcome, or "12.1 ms"; empty where it is new
    now: str  # empty where it is gone

    @property
    def name(self) -> str:
        """The id with its parameter."""
        return f"{self.id}[{self.param}]" if self.param else self.id


@dataclass(frozen=True)
class AnswerChange:
    """Answers that differ in the same fields in the same way.

    ``field`` has the names of clusterdns.compare.differences, or is "asked": for questions that
    only one run has.
    """

    field: str
    before: str
    now: str
    cells: int  # answers that differ so
    questions: tuple[str, ...]  # the first of them
    more_questions: int = 0
    places: tuple[str, ...] = ()  # servers that answer so, nodes and transports where not all do


@dataclass(frozen=True)
class SpeedChange:
    """A path, from a node to a server over a transport, that is slower or faster."""

    path: str
    change: Change
    before_ms: float
    now_ms: float
    blocks: int  # of ten measurements each, before and now


@dataclass(frozen=True)
class Comparison:
    """A run beside earlier ones, which are taken together."""

    reports: tuple[str, ...]  # each with its date and what it judged
    counts: Mapping[str, int]  # of all checks, by change
    checks: tuple[CheckChange, ...] = ()  # but the unchanged ones
    answers: tuple[AnswerChange, ...] = ()
    paths: tuple[SpeedChange, ...] = ()
    facts: tuple[str, ...] = ()  # of the clusters, that differ
    notes: tuple[str, ...] = ()  # what could not be compared, and what did not come again
    # The failed checks that have failed before, by name: they give no exit code 1.
    excused: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[CheckChange, ...]:
        """The checks that fail now and did not fail before."""
        return tuple(c for c in self.checks if c.change == "regressed" and c.now == "failed")

    @property
    def found(self) -> bool:
        """Whether anything has changed."""
        return bool(self.checks or self.answers or self.paths)

    def document(self) -> dict[str, Any]:
        """The comparison as results.yaml has it."""
        return {
            "reports": list(self.reports),
            "counts": {name: self.counts.get(name, 0) for name in CHANGES},
            "checks": [asdict(each) for each in self.checks],
            "answers": [_listed(each) for each in self.answers],
            "paths": [asdict(each) for each in self.paths],
            "facts": list(self.facts),
            "notes": list(self.notes),
        }


def _listed(change: AnswerChange) -> dict[str, Any]:
    entry = asdict(change)
    return entry | {"questions": list(change.questions), "places": list(change.places)}


def counts_of(changes: Mapping[tuple[str, str], Change]) -> dict[str, int]:
    """How many checks have changed how."""
    return dict(Counter(changes.values()))
