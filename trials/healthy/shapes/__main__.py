"""python -m trials.healthy.shapes: the default profile in the shapes that distributions give DNS.

A kind cluster is turned into each shape and back, which its snapshots prove. In each the suite must
be green: no failure, no diagnosis, and what is not applicable with a true reason. With --mutants
six faults are put into each shape instead, and each must be named first.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from clusterdns.report.exit_codes import ExitCode
from clusterdns.report.results import load_document
from clusterdns.wait import eventually
from host.bootstrap.steps import HostError, say, step
from trials.cluster import Breakable, breakable_cluster
from trials.ending import Parser, exit_code_of
from trials.faults.mutant import Mutant
from trials.faults.register import chosen_among
from trials.faults.scene import RevertError, Scene
from trials.faults.snapshot import Snapshot, take_snapshot
from trials.faults.symptoms import onlooker
from trials.faults.trial import REPAIR_S, prepare, repair, report, settled_snapshot, try_mutant
from trials.healthy.rounds import one_round
from trials.healthy.shapes.page import FaultRow, Row, page
from trials.healthy.shapes.parts import Making, ShapeError, settle
from trials.healthy.shapes.register import SHAPES
from trials.healthy.shapes.remedies import absent
from trials.healthy.shapes.shape import Shape
from trials.tools import add_tool_options, find_tools

PROJECT = Path(__file__).parent.parent.parent.parent
REASON = 140  # characters of a reason that the table shows
TABLE = PROJECT / "docs" / "shapes.md"


def main(words: Sequence[str]) -> int:
    """Try all shapes; 0 when every run is green, or every fault is named."""
    return exit_code_of(partial(try_all, parse(words)))


def try_all(options: argparse.Namespace) -> int:
    """Try the shapes, and say how each ended; the exit code. Raises HostError and RevertError."""
    well = list[bool]()
    with breakable_cluster(find_tools(options), options.cluster) as cluster:
        prepare(cluster)
        for shape in chosen(options.shape):
            if options.mutants is not None:
                faults = of_faults(cluster, shape, chosen_among(shape.mutants, options.mutants))
                for fault in faults:
                    report(fault.trial)
                    for each in fault.absent:
                        say(f"       its remedy names {each}, which is not there")
                    write(options, faults=[fault])
                    well.append(fault.is_right)
            else:
                row = row_of(cluster, shape, options.runs)
                say(f"{shape.name}: {'; '.join(map(str, row.rounds))}\n    {row.judged}")
                write(options, rows=[row])
                well.append(row.is_green)
    return 0 if well and all(well) else ExitCode.FAILED


def write(
    options: argparse.Namespace, rows: Sequence[Row] = (), faults: Sequence[FaultRow] = ()
) -> None:
    """Write what is new into the page, if that is wanted."""
    if options.write:
        before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
        TABLE.write_text(page(SHAPES, rows, faults, before), encoding="utf-8")


def chosen(names: Sequence[str] | None) -> tuple[Shape, ...]:
    """The shapes of these names; all of them without any."""
    return tuple(shape for shape in SHAPES if not names or shape.name in names)


@contextmanager
def shaped(cluster: Breakable, shape: Shape) -> Iterator[None]:
    """Meanwhile the cluster has the shape.

    Raises HostError when it does not take it, RevertError when it cannot be taken off.
    """
    before = settled_snapshot(cluster)
    scene = Scene(cluster)
    try:
        with step(f"{cluster.name} takes the shape {shape.name}"):
            shape.make(Making(scene))
            settle(scene)
            for node in scene.kubelets:
                onlooker(scene, node, fresh=True)
        yield
    except ShapeError as error:
        raise HostError(f"{shape.name}: {error}") from error
    finally:
        repair(scene, before)


def row_of(cluster: Breakable, shape: Shape, runs: int) -> Row:
    """Run the suite in the shape. Raises HostError and RevertError."""
    reports = Path(tempfile.mkdtemp(prefix=f"dns-conf-shape-{shape.name}-"))
    with shaped(cluster, shape):
        rounds = tuple(one_round(cluster, reports / str(number)) for number in range(runs))
    document = load_document(reports / str(runs - 1))
    dns = document.get("cluster", {}).get("dns") or {}
    return Row(shape, str(dns.get("judged", "")), rounds, reasons_in(document))


def of_faults(cluster: Breakable, shape: Shape, mutants: Sequence[Mutant]) -> Iterator[FaultRow]:
    """Put faults into the shape, one after the other. Raises HostError and RevertError."""
    reports = Path(tempfile.mkdtemp(prefix=f"dns-conf-shape-{shape.name}-faults-"))
    if not mutants:
        return
    with shaped(cluster, shape):
        for mutant in mutants:
            before = at_rest(cluster, shape)
            missing = list[str]()

            def look(mutant: Mutant = mutant, missing: list[str] = missing) -> None:
                missing += absent(cluster.api, remedy_of(reports / mutant.name, mutant))

            trial = try_mutant(
                cluster, mutant, reports, dns=shape.dns, before=before, meanwhile=look
            )
            yield FaultRow(shape, trial, tuple(missing))


def at_rest(cluster: Breakable, shape: Shape) -> Snapshot:
    """What the cluster in this shape is made of, once it no longer changes by itself.

    Raises RevertError when it does not come to rest.
    """
    take = partial(take_snapshot, cluster.api, cluster.nodes, shape.dns.namespace)
    latest = take()

    def rests() -> bool:
        nonlocal latest
        earlier, latest = latest, take()
        return not earlier.differences(latest)

    settle(Scene(cluster, shape.dns))
    if not eventually(rests, True, REPAIR_S, every=1.0):
        raise RevertError(f"the cluster does not come to rest in the shape {shape.name}")
    return latest


def remedy_of(folder: Path, mutant: Mutant) -> list[str]:
    """What a report says is to be done against a fault; empty without a report."""
    try:
        found = load_document(folder).get("diagnoses") or []
    except FileNotFoundError:
        return []
    return [
        str(line)
        for one in found
        if one["cause"] in mutant.right_causes
        for line in one.get("remedy") or ()
    ]


def reasons_in(document: dict[str, Any]) -> tuple[str, ...]:
    """Why checks are not applicable, each reason once."""
    found = [c for c in document.get("checks", []) if c["outcome"] == "not-applicable"]
    lines = {str(check.get("message", "")).partition("\n")[0] for check in found}
    return tuple(sorted(line[:REASON].replace("|", "/") for line in lines))


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = Parser(prog="shapes", description=__doc__)
    add = parser.add_argument
    add("--shape", action="append", choices=[s.name for s in SHAPES], help="only this shape")
    add("--runs", type=int, default=3, metavar="N", help="runs in each shape (default: 3)")
    add(
        "--mutants",
        nargs="?",
        const="",
        metavar="NAMES",
        help="put these faults into each shape, all of its own without NAMES",
    )
    add("--cluster", metavar="NAME", help="use this kind cluster, and keep it")
    add("--write", action="store_true", help="write docs/shapes.md")
    add_tool_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
