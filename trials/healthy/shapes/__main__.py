"""python -m trials.healthy.shapes: the default profile in the shapes that distributions give DNS.

A kind cluster is turned into each shape and back, which its snapshots prove. In each the suite must
be green: no failure, no diagnosis, and what is not applicable with a true reason.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from clusterdns.report.exit_codes import ExitCode
from clusterdns.report.results import load_document
from host.bootstrap.steps import HostError, say, step
from trials.cluster import Breakable, breakable_cluster
from trials.ending import Parser, exit_code_of
from trials.faults.scene import Scene
from trials.faults.trial import prepare, repair, settled_snapshot
from trials.healthy.matrix import commit
from trials.healthy.rounds import Round, one_round
from trials.healthy.shapes.distributions import SHAPES, Shape
from trials.healthy.shapes.parts import Making, ShapeError, settle
from trials.tools import add_tool_options, find_tools

PROJECT = Path(__file__).parent.parent.parent.parent
REASON = 140  # characters of a reason that the table shows
TABLE = PROJECT / "docs" / "shapes.md"


@dataclass(frozen=True)
class Row:
    """A shape, and what the suite said in it."""

    shape: Shape
    judged: str  # the line that says what is judged
    rounds: tuple[Round, ...]
    reasons: tuple[str, ...]  # why checks were not applicable there, each once

    @property
    def is_green(self) -> bool:
        """No failure and no diagnosis in any run."""
        return bool(self.rounds) and all(each.is_green for each in self.rounds)

    def __str__(self) -> str:
        last = self.rounds[-1]
        codes = " ".join(str(each.exit_code) for each in self.rounds)
        cells = (
            self.shape.name,
            self.shape.what,
            self.judged,
            codes,
            last.passed,
            last.deviations,
            last.not_run,
            "<br>".join(self.reasons),
            f"{datetime.now(UTC):%Y-%m-%d}, {commit()}",
        )
        return f"| {' | '.join(map(str, cells))} |"


def main(words: Sequence[str]) -> int:
    """Try all shapes; 0 when every run is green."""
    return exit_code_of(partial(try_all, parse(words)))


def try_all(options: argparse.Namespace) -> int:
    """Try the shapes, and say how each ended; the exit code. Raises HostError and RevertError."""
    rows: list[Row] = []
    with breakable_cluster(find_tools(options), options.cluster) as cluster:
        prepare(cluster)
        for shape in chosen(options.shape):
            rows.append(row_of(cluster, shape, options.runs))
            said = "; ".join(map(str, rows[-1].rounds))
            say(f"{shape.name}: {said}\n    {rows[-1].judged}")
            if options.write:
                before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
                TABLE.write_text(table(rows, before), encoding="utf-8")
    return 0 if rows and all(row.is_green for row in rows) else ExitCode.FAILED


def chosen(names: Sequence[str] | None) -> tuple[Shape, ...]:
    """The shapes of these names; all of them without any."""
    return tuple(shape for shape in SHAPES if not names or shape.name in names)


def row_of(cluster: Breakable, shape: Shape, runs: int) -> Row:
    """Give the cluster the shape, run the suite, and take it off again.

    Raises HostError when it does not take it, RevertError when it cannot be taken off.
    """
    reports = Path(tempfile.mkdtemp(prefix=f"dns-conf-shape-{shape.name}-"))
    before = settled_snapshot(cluster)
    scene = Scene(cluster)
    try:
        with step(f"{cluster.name} takes the shape {shape.name}"):
            shape.make(Making(scene))
            settle(scene)
        rounds = tuple(one_round(cluster, reports / str(number)) for number in range(runs))
    except ShapeError as error:
        raise HostError(f"{shape.name}: {error}") from error
    finally:
        repair(scene, before)
    document = load_document(reports / str(runs - 1))
    dns = document.get("cluster", {}).get("dns") or {}
    return Row(shape, str(dns.get("judged", "")), rounds, reasons_in(document))


def reasons_in(document: dict[str, Any]) -> tuple[str, ...]:
    """Why checks are not applicable, each reason once."""
    found = [c for c in document.get("checks", []) if c["outcome"] == "not-applicable"]
    lines = {str(check.get("message", "")).partition("\n")[0] for check in found}
    return tuple(sorted(line[:REASON].replace("|", "/") for line in lines))


def table(rows: Iterable[Row], before: str = "") -> str:
    """The page with all rows so far; those of shapes that were not tried now are kept."""
    tried = {f"| {row.shape.name} |": str(row) for row in rows}
    lines = {f"| {shape.name} |": "" for shape in SHAPES}
    for line in before.splitlines():
        lines |= {start: line for start in lines if line.startswith(start)}
    lines |= tried
    head = [
        "# Shapes of distributions",
        "",
        "Made by `./run shapes --write`: the default profile on a sealed three-node kind cluster",
        "that was turned into each shape and back. Exit code 0 is a run without a failure and",
        "without a diagnosis; there is one code for each run.",
        "",
        "| shape | what it is | what is judged | exit codes | passed | deviations | not run | "
        "why checks are not applicable | tried |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    untried = [shape.name for shape in SHAPES if not lines[f"| {shape.name} |"]]
    rest = ["", f"Not tried yet: {', '.join(untried)}."] if untried else []
    return "\n".join([*head, *filter(None, lines.values()), *rest, ""])


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = Parser(prog="shapes", description=__doc__)
    add = parser.add_argument
    add("--shape", action="append", choices=[s.name for s in SHAPES], help="only this shape")
    add("--runs", type=int, default=3, metavar="N", help="runs in each shape (default: 3)")
    add("--cluster", metavar="NAME", help="use this kind cluster, and keep it")
    add("--write", action="store_true", help="write docs/shapes.md")
    add_tool_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
