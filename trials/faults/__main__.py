"""python -m trials.faults: break a cluster in every known way; each fault must be named.

With --random N it breaks it in N ways that nobody wrote: drawn from a grammar, the same for the
same --seed. The truth of each is known by construction, an onlooker of its own decides whether
anything is wrong at all, and a table says how often the suite noticed, found the place (hop) and
named the object or line, with everything that it missed.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from clusterdns.report.exit_codes import ExitCode
from host.bootstrap.steps import say
from trials.cluster import breakable_cluster
from trials.ending import Parser, exit_code_of
from trials.faults.drawn.grammar import DrawnMutant, draw
from trials.faults.drawn.run import try_drawn_ones
from trials.faults.drawn.table import table
from trials.faults.drawn.trial import DrawnTrial
from trials.faults.mutant import Mutant
from trials.faults.register import chosen, chosen_among
from trials.faults.trial import Trial, prepare, report, try_mutant
from trials.suite import run_suite
from trials.tools import add_tool_options, find_tools

M = TypeVar("M", bound=Mutant)
T = TypeVar("T", Trial, DrawnTrial)

WORST_FIRST = (ExitCode.LEFT_CHANGED, ExitCode.INTERRUPTED, ExitCode.FAILED)


def main(words: Sequence[str]) -> int:
    """Try the chosen mutants; 0 when all are found, 11 when one could not be taken out again."""
    options = parse(words)
    if options.random is not None:
        drawn = draw(options.random, options.seed) if options.random > 0 else []
        return run_drawn(
            words, options, of_shard(options, chosen_among(drawn, options.select or ""))
        )
    mutants = of_shard(options, chosen(options.select or ""))
    return run_chosen(words, options, mutants, why_not, try_all, 28)


def run_drawn(
    words: Sequence[str], options: argparse.Namespace, mutants: Sequence[DrawnMutant]
) -> int:
    """Try faults that are drawn; 0 when the suite is as good as it aims to be."""
    return run_chosen(words, options, mutants, why_not_drawn, try_drawn_ones, 64)


def run_chosen(
    words: Sequence[str],
    options: argparse.Namespace,
    mutants: Sequence[M],
    refuse: Callable[[argparse.Namespace, Sequence[M]], str],
    attempt: Callable[[argparse.Namespace, Sequence[M], list[T]], int],
    width: int,
) -> int:
    """List these mutants, or try them, in this process or in shards; the exit code.

    ``refuse`` says what is wrong with the command line, ``attempt`` tries them and leaves its
    trials in a list, which --json keeps however it ends; ``width`` is that of a name in --list.
    """
    if options.list:
        for each in mutants:
            print(f"{each.name:{width}} {each.family}  {each.title}")
        return 0
    if refusal := refuse(options, mutants):
        print(refusal, file=sys.stderr)
        return ExitCode.USAGE_ERROR
    if options.shards > 1:
        return exit_code_of(partial(run_shards, words, options))
    trials: list[T] = []
    try:
        return exit_code_of(partial(attempt, options, mutants, trials))
    finally:
        if options.json:
            write_documents(options.json, [trial.as_document() for trial in trials])


def why_not_drawn(options: argparse.Namespace, mutants: Sequence[DrawnMutant]) -> str:
    """What is wrong with the command line of drawn faults; empty when it can be done."""
    if not mutants:
        named = f" is named {options.select!r}" if options.select else ""
        return f"No fault of --random {options.random}{named}; --list shows all."
    if options.quick:
        return "--quick is for faults whose checks are known: leave it out with --random."
    if options.cluster and options.shards > 1:
        return "--shards makes a cluster for each shard: leave --cluster out."
    return ""


def of_shard(options: argparse.Namespace, mutants: Sequence[M]) -> Sequence[M]:
    """Those that this process tries."""
    if not options.shard:
        return mutants
    number, of = map(int, options.shard.split("/"))
    return mutants[number - 1 :: of]


def write_documents(file: Path, documents: Sequence[dict[str, Any]]) -> None:
    """The results, for programs."""
    file.write_text(json.dumps(documents, indent=2) + "\n", encoding="utf-8")


def why_not(options: argparse.Namespace, mutants: Sequence[Mutant]) -> str:
    """What is wrong with the command line; empty when it can be done."""
    if not mutants:
        return f"No mutant is named {options.select!r}; --list shows all."
    if options.cluster and options.shards > 1:
        return "--shards makes a cluster for each shard: leave --cluster out."
    needed: dict[str, list[str]] = {}
    for mutant in mutants:
        needed.setdefault(mutant.topology, []).append(mutant.name)
    if options.cluster and len(needed) > 1:
        few = min(needed.values(), key=len)
        return (
            f"One cluster is not enough for these mutants, they need {' and '.join(needed)}: "
            f"leave --cluster out, or run apart {', '.join(few)}."
        )
    return ""


def try_all(options: argparse.Namespace, mutants: Sequence[Mutant], trials: list[Trial]) -> int:
    """Each mutant in a cluster of the kind that it needs. Raises HostError and RevertError."""
    tools = find_tools(options)
    reports = options.report_dir or Path(tempfile.mkdtemp(prefix="dns-conf-mutants-"))
    code = ExitCode.OK
    for topology, group in groupby(sorted(mutants, key=topology_of), topology_of):
        place = breakable_cluster(tools, options.cluster, topology, options.keep_cluster)
        with place as cluster:
            prepare(cluster)
            for mutant in group:
                select = mutant.quick if options.quick else ""
                trial = try_mutant(cluster, mutant, reports, select)
                trials.append(trial)
                report(trial)
                code = code if trial.detected else ExitCode.FAILED
            if options.green:
                green = run_suite(cluster, reports / "green")
                say(f"repaired cluster: exit code {green.exit_code}", green.seconds)
                code = code if green.exit_code == ExitCode.OK else ExitCode.FAILED
    found = sum(trial.detected for trial in trials)
    say(f"{found} of {len(trials)} faults found; reports in {reports}")
    return code


def run_shards(words: Sequence[str], options: argparse.Namespace) -> int:
    """Run the command once per shard, each with a cluster of its own; the worst exit code."""
    folder = Path(tempfile.mkdtemp(prefix="dns-conf-shards-"))
    kept = drop_option(drop_option(words, "--shards"), "--json")
    children = []
    for number in range(1, options.shards + 1):
        argv = [sys.executable, "-m", "trials.faults", *kept]
        argv += ["--shard", f"{number}/{options.shards}", "--json", str(folder / f"{number}.json")]
        children.append(subprocess.Popen(argv))
    try:
        codes = [child.wait() for child in children]
    except KeyboardInterrupt:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        codes = [child.wait() for child in children]
    documents = [d for f in sorted(folder.glob("*.json")) for d in json.loads(f.read_text())]
    if options.json:
        write_documents(options.json, documents)
    if options.random is not None:
        print("\n" + table(sorted(documents, key=itemgetter("name"))))
    return next((code for code in WORST_FIRST if code in codes), max(codes))


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("-k", dest="select", metavar="NAMES", help="only these mutants; part of a name is enough")
    add("--random", type=int, metavar="N", help="N faults drawn from a grammar, not the catalogue")
    add("--seed", type=int, default=1, metavar="S", help="what --random draws with (default: 1)")
    add("--topology", default="three-nodes", metavar="NAME", help="the cluster for --random")
    add("--list", action="store_true", help="print the mutants, and end")
    add("--quick", action="store_true", help="only the checks that matter most for each mutant")
    add("--green", action="store_true", help="run the suite once more at the end: all must pass")
    add("--cluster", metavar="NAME", help="use this kind cluster; make it if it does not exist")
    add("--keep-cluster", action="store_true", help="do not delete the cluster at the end")
    add("--shards", type=int, default=1, metavar="N", help="so many clusters side by side")
    add("--shard", metavar="I/N", help=argparse.SUPPRESS)
    add("--json", type=Path, metavar="FILE", help="write the results there too")
    add("--report-dir", type=Path, metavar="DIR", help="the reports of the suite, one per mutant")
    add_tool_options(parser)
    return parser.parse_args(words)


def drop_option(words: Sequence[str], name: str) -> list[str]:
    """The words without an option that takes a value."""
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == name:
            skip = True
        elif not word.startswith(f"{name}="):
            kept.append(word)
    return kept


def topology_of(mutant: Mutant) -> str:
    """By which mutants are grouped."""
    return mutant.topology


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
