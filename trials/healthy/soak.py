"""python -m trials.healthy.soak: a healthy cluster gives no failure, ten runs in a row."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from clusterdns.report.exit_codes import ExitCode
from host.bootstrap.steps import say
from trials.cluster import breakable_cluster
from trials.ending import Parser, exit_code_of
from trials.healthy.rounds import Round, one_round
from trials.tools import add_tool_options, find_tools


def main(words: Sequence[str]) -> int:
    """Run the suite again and again against one cluster; 0 when every run is green."""
    return exit_code_of(partial(soak, parse(words)))


def soak(options: argparse.Namespace) -> int:
    """Run the suite several times on one cluster, and say how each ended. Raises HostError."""
    rounds: list[Round] = []
    with breakable_cluster(find_tools(options), options.cluster) as cluster:
        reports = Path(tempfile.mkdtemp(prefix="dns-conf-soak-"))
        for number in range(1, options.runs + 1):
            rounds.append(one_round(cluster, reports / str(number)))
            say(f"run {number} of {options.runs}: {rounds[-1]}", rounds[-1].seconds)
    green = sum(each.is_green for each in rounds)
    say(f"{green} of {len(rounds)} runs are green; reports in {reports}")
    return 0 if 0 < green == len(rounds) else ExitCode.FAILED


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = Parser(prog="soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="default: 10")
    parser.add_argument("--cluster", metavar="NAME", help="use this kind cluster, and keep it")
    add_tool_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
