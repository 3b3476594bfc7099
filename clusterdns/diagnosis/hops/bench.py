"""Private instances of CoreDNS that try many variants of a Corefile at once.

One process serves each variant on a port of its own. A variant that CoreDNS refuses ends the
process and is named by its line: it is left out, and the others are started again.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from clusterdns.corefile.directives import version_of
from clusterdns.corefile.model import Corefile
from clusterdns.corefile.movable import NotMovableError, on_port
from clusterdns.corefile.overlaps import refused_overlaps
from clusterdns.diagnosis.hops.asking import TIMES, Asked
from clusterdns.diagnosis.looks import Query, answers
from clusterdns.matrix.question import Question, Transport
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.probe import Probe
from clusterdns.wait import eventually

FIRST_PORT = 5601  # of the variants
STARTING_S = 12.0  # the plugin kubernetes waits for the API server for 5 s, or 10 s
TRIES = 3  # starts of one round: each leaves out a variant that CoreDNS refused
STARTED = re.compile(r"^CoreDNS-", re.MULTILINE)
AT_LINE = re.compile(r"Corefile:(\d+)")
AT_PORT = re.compile(r"cannot serve \S+?:(\d+) - it is already defined")  # says no line
BLIND = re.compile(r"unsynced Kubernetes API|is forbidden|Unauthorized")

Asking = tuple[Question, Transport, float]  # with the seconds that an answer may take


@dataclass
class Bench:
    """Makes private instances, asks them and takes them away again, until a moment."""

    start: Callable[[str, Mapping[str, str]], OwnCoreDns]  # by name and files; it is running
    probe: Probe
    until: float  # of time.monotonic
    files: Mapping[str, str] = field(default_factory=dict)  # that all Corefiles may name
    simple: Corefile | None = None  # the least that knows what the cluster's own must know
    blind: str = ""  # why an instance did not see the API; empty: it did
    without: str = ""  # variables of the Corefile that no instance of ours has, and why
    version: str = ""  # of the CoreDNS that is started, where it is known
    rounds: int = 0

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.until - time.monotonic()

    def ask(
        self, variants: Sequence[Corefile], questions: Sequence[Asking]
    ) -> list[list[Asked] | None]:
        """What each variant says to each question; None for a variant that cannot be run.

        Raises NotPossibleError where nothing of it could be tried, and ProbeLostError.
        """
        texts = self._texts(variants)
        for _ in range(TRIES):
            if self.left <= 0:
                raise NotPossibleError("there was no time left for it")
            self.rounds += 1
            instance = self.start(f"hops-{self.rounds}", self._files(texts))
            try:
                refused = self._refused(instance, texts)
                if refused is None:
                    return self._asked(instance, texts, questions)
            finally:
                instance.delete()
            texts[refused] = None
        raise NotPossibleError("CoreDNS refused one variant of the Corefile after the other")

    def _files(self, texts: Sequence[str | None]) -> dict[str, str]:
        return {**self.files, "Corefile": "".join(text for text in texts if text)}

    def _texts(self, variants: Sequence[Corefile]) -> list[str | None]:
        """Each variant on its port; None for one that cannot be written down or would not start.

        Two blocks of one zone at one port are refused without a line being named; such a variant
        comes of every view that is taken out.
        """
        version = version_of(self.version) if self.version else None
        texts: list[str | None] = []
        for number, variant in enumerate(variants):
            try:
                moved = on_port(variant, FIRST_PORT + number)
                text = moved.to_text()
            except (NotMovableError, ValueError):  # no Corefile can hold such a word: ValueError
                text = ""
            if text and version and any(refused_overlaps(moved, version)):
                text = ""
            texts.append(text or None)
        return texts

    def _refused(self, instance: OwnCoreDns, texts: Sequence[str | None]) -> int | None:
        """The variant for which CoreDNS did not start; None once it serves all of them."""
        instance.wait_until_running(max(0.0, self.left))
        ended, log = eventually(
            partial(_state, instance),
            lambda seen: seen[0] or STARTED.search(seen[1]) is not None,
            max(0.0, min(self.left, STARTING_S)),
            every=0.2,
        )
        if not ended and STARTED.search(log):
            seen = BLIND.search(log)
            self.blind = seen.group(0) if seen else self.blind
            return None
        if (twice := AT_PORT.search(log)) is not None:
            number = int(twice.group(1)) - FIRST_PORT
            if 0 <= number < len(texts):
                return number
        at = AT_LINE.search(log)
        if at is None:
            tail = " | ".join(log.splitlines()[-2:])
            raise NotPossibleError(f"a private instance did not start: {tail or 'it said nothing'}")
        line = int(at.group(1))
        for number, text in enumerate(texts):
            size = text.count("\n") if text else 0
            if text and line <= size:
                return number
            line -= size
        raise NotPossibleError(f"CoreDNS refused a line that nobody wrote: {at.group(0)}")

    def _asked(
        self, instance: OwnCoreDns, texts: Sequence[str | None], questions: Sequence[Asking]
    ) -> list[list[Asked] | None]:
        address = instance.wait_until_running(max(0.0, self.left))
        servers = [
            instance.server(address, FIRST_PORT + number) if text else None
            for number, text in enumerate(texts)
        ]
        wanted = [
            Query("private", question, server, transport, patience)
            for server in servers
            if server is not None
            for question, transport, patience in questions
            for _ in range(TIMES)
        ]
        came = iter(answers(self.probe, wanted))
        found: list[list[Asked] | None] = []
        for server in servers:
            if server is None:
                found.append(None)
                continue
            named = replace(server, name="a private instance")
            found.append(
                [
                    Asked(
                        "private", named, self.probe.node, tuple(next(came) for _ in range(TIMES))
                    )
                    for _ in questions
                ]
            )
        return found


def _state(instance: OwnCoreDns) -> tuple[bool, str]:
    """Whether an instance has ended, and what it printed: all of it, where it has."""
    log = instance.logs()
    if STARTED.search(log):
        return False, log
    ended = instance.has_ended()
    return ended, instance.logs() if ended else log
