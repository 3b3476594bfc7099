"""docs/shapes.md: what the suite said in each shape, and of the faults in it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clusterdns.report.exit_codes import ExitCode
from trials.faults.trial import Trial
from trials.healthy.matrix import commit
from trials.healthy.rounds import Round
from trials.healthy.shapes.shape import Shape

FAULTS = "## Faults in them"


@dataclass(frozen=True)
class Row:
    """A shape, and what the suite said in it."""

    shape: Shape
    judged: str  # the line that says what is judged
    rounds: tuple[Round, ...]
    reasons: tuple[str, ...]  # why checks were not applicable there, each once

    @property
    def is_green(self) -> bool:
        """No failure and no diagnosis in any run, but what is truly so in this shape."""

        def is_well(each: Round) -> bool:
            truly = bool(each.causes) and set(each.causes) == set(self.shape.truly)
            return each.is_green or (each.exit_code == ExitCode.OK and truly)

        return bool(self.rounds) and all(map(is_well, self.rounds))

    @property
    def key(self) -> str:
        """How its line begins."""
        return f"| {self.shape.name} |"

    def __str__(self) -> str:
        last = self.rounds[-1]
        codes = " ".join(str(each.exit_code) for each in self.rounds)
        causes = sorted({cause for each in self.rounds for cause in each.causes})
        return _line(
            *(self.shape.name, self.shape.what, self.judged, codes, ", ".join(causes) or "-"),
            *(last.passed, last.deviations, last.not_run, "<br>".join(self.reasons)),
        )


@dataclass(frozen=True)
class FaultRow:
    """A fault in a shape, and what the suite said of it."""

    shape: Shape
    trial: Trial
    absent: tuple[str, ...] = ()  # what its remedy names and the cluster does not have

    @property
    def is_right(self) -> bool:
        """Whether it was found and named first, with commands that exist there."""
        return self.trial.detected and self.trial.named == "first" and not self.absent

    @property
    def key(self) -> str:
        """How its line begins."""
        return f"| {self.shape.name} | {self.trial.name} |"

    def __str__(self) -> str:
        trial, first = self.trial, next(iter(self.trial.causes), "-")
        wrong = [*trial.missed, *(f"there is no {each}" for each in self.absent)]
        return _line(
            *(self.shape.name, trial.name, "yes" if trial.detected else "NO"),
            *(f"{first} ({trial.confidence})" if trial.causes else "-", trial.named or "-"),
            "<br>".join(one.replace("|", "/") for one in wrong) or "-",
        )


def page(
    shapes: Sequence[Shape], rows: Iterable[Row], faults: Iterable[FaultRow], before: str = ""
) -> str:
    """The page with all rows so far; those of what was not tried now are kept."""
    healthy, _, faulty = before.partition(FAULTS)
    starts = [f"| {shape.name} |" for shape in shapes]
    known = _kept(healthy, lambda start, line: line.startswith(start), starts)
    known |= {row.key: str(row) for row in rows}
    named = [f"| {shape.name} | {mutant.name} |" for shape in shapes for mutant in shape.mutants]
    tried = _kept(faulty, lambda start, line: line.startswith(start), named)
    tried |= {row.key: str(row) for row in faults}
    untried = [shape.name for shape in shapes if not known.get(f"| {shape.name} |")]
    lines = [
        "# Shapes of distributions",
        "",
        "Made by `./run shapes --write`: the default profile on a sealed kind cluster that was",
        "turned into each shape and back; what is judged says how many nodes it had. Exit code 0",
        "is a run without a failure; there is one code for each run. What is diagnosed must be",
        "truly so in that shape.",
        "",
        "| shape | what it is | what is judged | exit codes | diagnosed | passed | deviations | "
        "not run | why checks are not applicable | tried |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *filter(None, (known.get(start) for start in starts)),
        *(["", f"Not tried yet: {', '.join(untried)}."] if untried else []),
    ]
    if tried:
        left = Counter(key.split(" | ")[0].strip("| ") for key in named if key not in tried)
        missing = [f"{name} ({number})" for name, number in left.items()]
        lines += [
            "",
            FAULTS,
            "",
            "Made by `./run shapes --mutants --write`. The remedy of the cause that was named must",
            "name objects that are there in that shape.",
            "",
            "| shape | fault | found | first cause | the right one | what is wrong | tried |",
            "|---|---|---|---|---|---|---|",
            *filter(None, (tried.get(key) for key in named)),
            *(["", f"Not tried yet: {', '.join(missing)}."] if missing else []),
        ]
    return "\n".join([*lines, ""])


def _kept(text: str, begins: Callable[[str, str], bool], starts: Iterable[str]) -> dict[str, str]:
    """The lines of a page by how they begin."""
    lines = text.splitlines()
    return {start: line for start in starts for line in lines if begins(start, line)}


def _line(*cells: object) -> str:
    tried = f"{datetime.now(UTC):%Y-%m-%d}, {commit()}"
    return f"| {' | '.join(map(str, (*cells, tried)))} |"
