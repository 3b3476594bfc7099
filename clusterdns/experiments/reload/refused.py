"""Corefiles that cannot be, given to private CoreDNS instances that run.

What CoreDNS says of it is the same from 1.11.3 to 1.15.0 (plugin/reload/reload.go): "Corefile parse
failed" at each look at a file that cannot be parsed, without counting; "Corefile changed but reload
failed" once, and counted, for one that can be parsed but not set up.
"""

import time
from dataclasses import dataclass

from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.reload.valid import (
    AFTERWARDS,
    FIRST_ANSWER_S,
    await_file,
    files_brought,
    metrics_of,
    streaming,
    versioned_corefile,
    words,
)
from clusterdns.experiments.stream import Stream
from clusterdns.matrix.question import Server
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.instance import identity, lines_with
from clusterdns.wait import GENTLY, eventually, until

SYNTAX, SETUP = "syntax", "setup"  # what is wrong with it
BAD = "192.0.2.3"  # what must never be answered
NOT_PARSED = r"plugin/reload: Corefile parse failed: "
NOT_SET_UP = r"plugin/reload: Corefile changed but reload failed: "
FAILED = "coredns_reload_failed_total"


@dataclass(frozen=True, repr=False)
class Refused:
    """What CoreDNS did and answered after it was given an invalid Corefile."""

    fault: str
    stream: Stream
    in_effect: str  # what was answered before the change
    values: frozenset[str]  # all that was answered from the change on
    process_before: tuple[str, int]
    process_after: tuple[str, int]
    report: tuple[str, ...]  # what the log says about the refusal
    failures: int | None  # more in the counter than before; None: it cannot be read any more
    waited: float

    def __repr__(self) -> str:
        lines = [
            f"a private CoreDNS that got a Corefile with a fault of {self.fault}",
            f"answers   before: {self.in_effect or 'none'}",
            f"answers   from then on: {words(self.values)}",
            f"stream    {self.stream}",
            f"process   before: {self.process_before}; after: {self.process_after}",
            f"metrics   {'unreadable' if self.failures is None else self.failures} more failures",
            *(f"log       {line}" for line in self.report or ("says nothing of a refusal",)),
        ]
        return "\n  ".join(lines)


def change_and_see_refused(
    context: ExperimentContext,
    instance: OwnCoreDns,
    server: Server,
    fault: str,
    plugin: str,
    within: float,
) -> Refused:
    """Give an instance an invalid Corefile while a stream of questions flows; what was seen."""
    before = identity(instance.now())
    failures = failures_of(context, instance, server)
    seen = len(instance.logs())
    report = NOT_PARSED if fault == SYNTAX else NOT_SET_UP
    with streaming(context, server) as stream:
        in_effect = eventually(lambda: stream.latest, bool, within=FIRST_ANSWER_S)
        files = files_brought(instance)
        changed = instance.change({"Corefile": invalid_corefile(fault, plugin)})
        await_file(instance, files)
        log = eventually(
            lambda: instance.logs()[seen:],
            lambda t: bool(lines_with(t, report)),
            within,
            every=GENTLY,
        )
        context.note(
            f"a fault of {fault}: {'refused' if lines_with(log, report) else 'not refused'}"
        )
        until(time.monotonic() + AFTERWARDS)
    done = stream.result
    now = failures_of(context, instance, server)
    return Refused(
        fault=fault,
        stream=done,
        in_effect=in_effect,
        values=done.values(changed),
        process_before=before,
        process_after=identity(instance.now()),
        report=lines_with(log, report),
        failures=None if now is None or failures is None else now - failures,
        waited=within,
    )


def invalid_corefile(fault: str, plugin: str) -> str:
    """A Corefile with a fault in it: a brace that is never closed, or an unknown option."""
    valid = versioned_corefile(BAD, plugin)
    if fault == SYNTAX:
        return valid.rstrip().removesuffix("}")
    return valid.replace("    errors\n", "    errors {\n        no-such-option\n    }\n")


def failures_of(context: ExperimentContext, instance: OwnCoreDns, server: Server) -> int | None:
    """How many reloads failed by the metrics; None when they cannot be read."""
    found = metrics_of(context, instance, server)
    return int(found.total(FAILED)) if found else None
