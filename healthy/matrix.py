"""python -m healthy.matrix: the default profile on every CoreDNS version and kind of cluster.

One cluster per topology; the CoreDNS versions are swapped inside it. The table goes to
docs/matrix.md with the date and the commit that was tried.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clusterdns.serving.inventory import take_inventory
from clusterdns.wait import eventually
from healthy.rounds import Round, one_round
from machine import image
from machine.recipe import recipe
from machine.steps import HostError, say
from mutants.cluster import Breakable, breakable_cluster, is_whole
from mutants.tools import add_tool_options, find_tools

PROJECT = Path(__file__).parent.parent
TABLE = PROJECT / "docs" / "matrix.md"
TOPOLOGIES = ("three-nodes", "one-node", "dual-stack", "other-domain", "nftables")
SWAP_S = 120.0  # seconds for all replicas to run another version
FAILED, CANNOT = 1, 10


@dataclass(frozen=True)
class Row:
    """One version on one kind of cluster, and its runs."""

    topology: str
    version: str
    rounds: tuple[Round, ...]

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
            f"{last.not_run} | {last.compared} | {slowest:.1f} | {', '.join(failed) or '-'} |"
        )


def main(words: Sequence[str]) -> int:
    """Try all rows; 0 when every run is green."""
    options = parse(words)
    rows: list[Row] = []
    try:
        tools = find_tools(options)
        for topology in options.topology or TOPOLOGIES:
            with breakable_cluster(tools, topology=topology) as cluster:
                for version in options.coredns or versions():
                    swap(cluster, version)
                    rows.append(row_of(cluster, topology, version, options.runs))
                    say(str(rows[-1]))
                    if options.write:
                        TABLE.write_text(table(rows, options.runs), encoding="utf-8")
    except HostError as error:
        print(error, file=sys.stderr)
        return CANNOT
    return 0 if all(row.is_green for row in rows) else FAILED


def versions() -> list[str]:
    """The cluster's own CoreDNS version and the further ones, oldest first."""
    found = [recipe().coredns, *recipe().further_coredns]
    return sorted(found, key=lambda version: [int(part) for part in version.split(".")])


def swap(cluster: Breakable, version: str) -> None:
    """Let all replicas run this version. Raises HostError when they do not within SWAP_S."""
    wanted = f"registry.k8s.io/coredns/coredns:v{version}"
    if take_inventory(cluster.api).image == wanted:
        return
    archive = image.coredns_archive(version)
    load = ["load", "image-archive", str(archive), "--name", cluster.name]
    subprocess.run([str(cluster.tools.kind), *load], check=True, capture_output=True)
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
    return Row(topology, version, rounds)


def table(rows: Sequence[Row], runs: int) -> str:
    """The page with all rows so far."""
    commit = ["git", "-C", str(PROJECT), "rev-parse", "--short", "HEAD"]
    shown = subprocess.run(commit, check=False, capture_output=True, text=True).stdout.strip()
    head = [
        "# No false alarms",
        "",
        f"Made by `./run matrix --write` on {datetime.now(UTC):%Y-%m-%d} at commit {shown}: the",
        f"default profile, {runs} run(s) per row, on healthy sealed kind clusters, Kubernetes",
        f"{recipe().kubernetes}. Exit code 0 is a run without a failure.",
        "",
        "| cluster | CoreDNS | exit codes | passed | deviations | not run | answers compared | "
        "checks, s (slowest) | failed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(str, rows), ""])


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="matrix", description=__doc__)
    add = parser.add_argument
    add("--topology", action="append", choices=TOPOLOGIES, help="only this kind of cluster")
    add("--coredns", action="append", metavar="VERSION", help="only this version, such as 1.12.1")
    add("--runs", type=int, default=3, metavar="N", help="runs per row (default: 3)")
    add("--write", action="store_true", help="write docs/matrix.md")
    add_tool_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
