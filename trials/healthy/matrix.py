"""python -m trials.healthy.matrix: the default profile on every CoreDNS version and cluster.

One cluster per topology; the CoreDNS versions are swapped inside it. The table goes to
docs/matrix.md, each row with the date and the commit that was tried. With --json a run that was
ended goes on where it was: what is green already is not tried again.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from clusterdns.inventory.inventory import take_inventory
from clusterdns.report.exit_codes import ExitCode
from clusterdns.wait import eventually
from host.bootstrap import image
from host.bootstrap.recipe import recipe
from host.bootstrap.steps import HostError, say
from trials.cluster import Breakable, breakable_cluster, is_whole, run_kind
from trials.ending import Parser, exit_code_of
from trials.healthy.rounds import Round, one_round
from trials.tools import add_tool_options, find_tools

PROJECT = Path(__file__).parent.parent.parent
TABLE = PROJECT / "docs" / "matrix.md"
TOPOLOGIES = (
    *("three-nodes", "one-node", "dual-stack", "ipv6-first"),
    *("other-domain", "nftables"),
)
SWAP_S = 120.0  # seconds for all replicas to run another version


@dataclass(frozen=True)
class Row:
    """One version on one kind of cluster, and its runs."""

    topology: str
    version: str
    rounds: tuple[Round, ...]
    commit: str
    date: str

    @property
    def is_green(self) -> bool:
        """Whether every run was."""
        return all(each.is_green for each in self.rounds)

    def __str__(self) -> str:
        last = self.rounds[-1]
        failed = sorted({name for each in self.rounds for name in each.failed})
        codes = " ".join(str(each.exit_code) for each in self.rounds)
        slowest = max(each.checks_s for each in self.rounds)
        return (
            f"| {self.topology} | {self.version} | {codes} | {last.passed} | {last.deviations} | "
            f"{last.not_run} | {last.compared} | {slowest:.1f} | {', '.join(failed) or '-'} | "
            f"{self.date}, {self.commit} |"
        )

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Row":
        """What asdict made of a row, read back."""
        rounds = [
            {**each, "failed": tuple(each["failed"]), "causes": tuple(each.get("causes", ()))}
            for each in document["rounds"]
        ]
        return cls(**{**document, "rounds": tuple(Round(**each) for each in rounds)})


class Rows:
    """All rows so far; with a file they outlive the process."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.rows: dict[tuple[str, str], Row] = {}
        if file is not None and file.exists():
            for document in json.loads(file.read_text(encoding="utf-8")):
                row = Row.from_document(document)
                self.rows[row.topology, row.version] = row

    def __iter__(self) -> Iterator[Row]:
        """In the order of kinds of clusters and versions."""
        return iter(sorted(self.rows.values(), key=_place))

    def is_done(self, topology: str, version: str, runs: int) -> bool:
        """Whether this was tried often enough, and was green."""
        row = self.rows.get((topology, version))
        return row is not None and row.is_green and len(row.rounds) >= runs

    def add(self, row: Row) -> None:
        """Take a row, in place of an earlier one of the same kind."""
        self.rows[row.topology, row.version] = row
        if self.file is not None:
            text = json.dumps([asdict(each) for each in self], indent=1)
            self.file.write_text(f"{text}\n", encoding="utf-8")


def _place(row: Row) -> tuple[int, list[int]]:
    return TOPOLOGIES.index(row.topology), _numbers(row.version)


def main(words: Sequence[str]) -> int:
    """Try all rows; 0 when every run is green."""
    return exit_code_of(partial(try_all, parse(words)))


def try_all(options: argparse.Namespace) -> int:
    """Try the rows not done yet, and say how each ended; the exit code. Raises HostError."""
    rows = Rows(options.json)
    tools = find_tools(options)
    for topology in options.topology or TOPOLOGIES:
        left = [
            version
            for version in options.coredns or versions()
            if not rows.is_done(topology, version, options.runs)
        ]
        if left:
            with breakable_cluster(tools, topology=topology) as cluster:
                for version in left:
                    swap(cluster, version)
                    rows.add(row_of(cluster, topology, version, options.runs))
                    say(str(rows.rows[topology, version]))
        if options.write:
            TABLE.write_text(table(rows), encoding="utf-8")
    return 0 if all(row.is_green for row in rows) else ExitCode.FAILED


def versions() -> list[str]:
    """The cluster's own CoreDNS version and the further ones, oldest first."""
    found = [recipe().coredns, *recipe().further_coredns]
    return sorted(found, key=_numbers)


def version_of(text: str) -> str:
    """A version as this program writes it, without "v". Raises argparse.ArgumentTypeError."""
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no version of CoreDNS, such as 1.12.1")
    return found[1]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def swap(cluster: Breakable, version: str) -> None:
    """Let all replicas run this version.

    Raises HostError when its image cannot be loaded, or they do not run it within SWAP_S.
    """
    wanted = f"registry.k8s.io/coredns/coredns:v{version}"
    if take_inventory(cluster.api).image == wanted:
        return
    archive = image.coredns_archive(version)
    run_kind(cluster.tools, "load", "image-archive", str(archive), "--name", cluster.name)
    template = {"spec": {"containers": [{"name": "coredns", "image": wanted}]}}
    cluster.api.request(
        "PATCH",
        "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
        {"spec": {"template": template}},
        content_type="application/strategic-merge-patch+json",
    )

    def swapped() -> bool:
        pods = take_inventory(cluster.api).pods
        images = {pod["spec"]["containers"][0]["image"] for pod in pods}
        return images == {wanted} and is_whole(cluster.api)

    if not eventually(swapped, True, SWAP_S, every=0.5):
        raise HostError(f"{cluster.name}: not all replicas run CoreDNS {version}")


def row_of(cluster: Breakable, topology: str, version: str, runs: int) -> Row:
    """Run the suite so many times."""
    reports = Path(tempfile.mkdtemp(prefix=f"dns-conf-{topology}-{version}-"))
    rounds = tuple(one_round(cluster, reports / str(number)) for number in range(runs))
    return Row(topology, version, rounds, commit(), f"{datetime.now(UTC):%Y-%m-%d}")


def commit() -> str:
    """What is tried."""
    words = ["git", "-C", str(PROJECT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout.strip()


def table(rows: Iterable[Row]) -> str:
    """The page with all rows so far."""
    head = [
        "# No false alarms",
        "",
        "Made by `./run matrix --write`: the default profile on healthy sealed kind clusters,",
        f"Kubernetes {recipe().kubernetes}. Exit code 0 is a run without a failure and without a",
        "diagnosis; there is one code for each run of a row. Seconds are those of the machine at",
        "that moment, with whatever else ran on it.",
        "",
        "| cluster | CoreDNS | exit codes | passed | deviations | not run | answers compared | "
        "checks, s (slowest) | failed | tried |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(str, rows), ""])


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = Parser(prog="matrix", description=__doc__)
    add = parser.add_argument
    add("--topology", action="append", choices=TOPOLOGIES, help="only this kind of cluster")
    only = "only this version, such as 1.12.1"
    add("--coredns", action="append", type=version_of, metavar="VERSION", help=only)
    add("--runs", type=int, default=3, metavar="N", help="runs per row (default: 3)")
    add("--json", type=Path, metavar="FILE", help="keep the rows there, and go on from there")
    add("--write", action="store_true", help="write docs/matrix.md")
    add_tool_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
