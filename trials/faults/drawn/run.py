"""A run of drawn faults: in one cluster after the other, where one cannot be repaired."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clusterdns.report.exit_codes import ExitCode
from host.bootstrap.steps import say
from trials.cluster import breakable_cluster
from trials.faults.drawn.grammar import DrawnMutant
from trials.faults.drawn.onlooker import Onlooker
from trials.faults.drawn.table import aims_are_met, table
from trials.faults.drawn.trial import DrawnTrial, begin, report, try_drawn
from trials.faults.scene import RevertError, Scene
from trials.faults.trial import prepare
from trials.suite import run_suite
from trials.tools import find_tools


def try_drawn_ones(
    options: argparse.Namespace, mutants: Sequence[DrawnMutant], trials: list[DrawnTrial]
) -> int:
    """Each mutant in turn; a cluster that cannot be repaired is replaced, if it is our own.

    Raises HostError, and RevertError for a cluster that somebody named.
    """
    tools = find_tools(options)
    reports = options.report_dir or Path(tempfile.mkdtemp(prefix="dns-conf-random-"))
    left, is_green = list(mutants), True
    while left:
        place = breakable_cluster(tools, options.cluster, options.topology, options.keep_cluster)
        with place as cluster:
            prepare(cluster)
            onlooker = Onlooker(Scene(cluster))
            if wrong := onlooker.settle().wrong:
                raise RevertError("wrong before any fault:\n" + "\n".join(wrong[:10]))
            while left:
                mutant = left.pop(0)
                trial = begin(mutant)
                trials.append(trial)
                try:
                    try_drawn(onlooker, mutant, reports, trial)
                except RevertError as error:
                    trial.not_reverted = " ".join(str(error).split())[:500]
                    report(trial)
                    if isinstance(error.__context__, KeyboardInterrupt):
                        raise error.__context__ from error
                    if options.cluster:
                        raise
                    say(f"{mutant.name} could not be taken out; the cluster is given up")
                    break
                report(trial)
            if options.green and not left:
                green = run_suite(cluster, reports / "green")
                say(f"repaired cluster: exit code {green.exit_code}", green.seconds)
                is_green = green.exit_code == ExitCode.OK
    documents = [trial.as_document() for trial in trials]
    if not options.shard:
        print("\n" + table(documents))
    say(f"reports in {reports}")
    return ExitCode.OK if is_green and aims_are_met(documents) else ExitCode.FAILED
