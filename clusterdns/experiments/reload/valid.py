"""Reload, tried in private CoreDNS instances while a stream of questions flows.

What CoreDNS says of it is the same from 1.11.3 to 1.15.0 (plugin/reload/reload.go, core/dnsserver
and caddy.go): "Reloading", "Running configuration SHA512 = ...", "Reloading complete".
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime

from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.stream import Stream, Streaming
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.own_coredns.instance import identity, lines_with
from clusterdns.wait import GENTLY, eventually, until

VERSION = f"version.{ZONE}"  # its address tells which Corefile is in effect
OLD, NEW = "192.0.2.1", "192.0.2.2"
RATE = 200  # questions a second
FIRST_ANSWER_S = 10.0  # seconds until a stream has its first answer, at most
PATIENCE = 3.0  # seconds that one answer of the stream may take; there is no second try
AFTERWARDS = 1.0  # seconds that the stream flows on after the change took effect
LONGEST = 3.0  # seconds for CoreDNS with "reload 2s 1s": 2.5 s and the reload itself
COMPLETE = r"\[INFO\] Reloading complete"
RUNNING = r"Running configuration (SHA512|MD5) = "
HASH = "coredns_reload_version_info"
KUBELET_S = 90.0  # for a changed ConfigMap: a minute, unless its pod is touched (kubelet sync)
WITNESS = "witness"  # the container that notes when the kubelet brings a file
# The kubelet swaps the link "..data" when it writes; its time of change has nanoseconds.
WATCH = (
    'seen=; while :; do now=$(readlink ..data); if [ "$now" != "$seen" ]; then seen=$now; '
    'echo "brought $(stat -c %z ..data)"; fi; sleep 0.2; done'
)


@dataclass(frozen=True)
class Delay:
    """How long a change took, in seconds: from the ConfigMap to the first new answer."""

    total: float
    coredns: float | None  # from the file's arrival to "Reloading complete"; None: not measured

    @property
    def kubelet(self) -> float | None:
        """Seconds until the kubelet had written the file; None: not measured."""
        return None if self.coredns is None else max(0.0, self.total - self.coredns)

    @property
    def prompt(self) -> bool:
        """Whether CoreDNS took no longer than its interval and jitter, as far as measured."""
        return self.coredns is None or self.coredns <= LONGEST

    def __str__(self) -> str:
        if self.coredns is None or self.kubelet is None:
            return f"{self.total:.1f} s (it was not measured whose part is which)"
        return f"{self.total:.1f} s (kubelet {self.kubelet:.1f} s, CoreDNS {self.coredns:.1f} s)"


@dataclass(frozen=True, repr=False)
class Reloaded:
    """What CoreDNS did and answered after a valid change of its Corefile."""

    stream: Stream
    values_before: frozenset[str]
    values_after: frozenset[str]  # in the last second
    delay: Delay | None  # None: it never took effect
    process_before: tuple[str, int]  # container id and restarts
    process_after: tuple[str, int]
    log: tuple[str, ...]  # the lines about it
    hashes_before: frozenset[str]  # of the configuration, by the metrics
    hashes_after: frozenset[str]
    waited: float  # seconds at most

    @property
    def logged(self) -> bool:
        """Whether the log says that the change is complete."""
        return bool(lines_with("\n".join(self.log), COMPLETE))

    @property
    def counted(self) -> bool:
        """Whether the metrics name the new configuration: one hash, that was not there before.

        CoreDNS names none until its first reload.
        """
        return len(self.hashes_after) == 1 and not self.hashes_after & self.hashes_before

    def __repr__(self) -> str:
        lines = [
            f"a private CoreDNS whose Corefile now says {NEW} in place of {OLD}",
            f"answers   before: {words(self.values_before)}; at last: {words(self.values_after)}",
            f"delay     {self.delay or f'it never took effect ({self.waited:g} s)'}",
            f"stream    {self.stream}",
            f"process   before: {self.process_before}; after: {self.process_after}",
            f"metrics   before: {words(self.hashes_before)}; after: {words(self.hashes_after)}",
            *(f"log       {line}" for line in self.log or ("says nothing of a reload",)),
        ]
        return "\n  ".join(lines)


def change_and_watch(
    context: ExperimentContext, instance: OwnCoreDns, server: Server, plugin: str, within: float
) -> Reloaded:
    """Change the version in the Corefile from OLD to NEW under a stream, and see what comes."""
    before = identity(instance.now())
    hashes = hashes_of(context, instance, server)
    with streaming(context, server) as stream:
        eventually(lambda: stream.latest, OLD, within=FIRST_ANSWER_S)
        files = files_brought(instance)
        changed = instance.change({"Corefile": versioned_corefile(NEW, plugin)})
        await_file(instance, files)
        eventually(lambda: stream.latest, NEW, within)
        context.note(f"a changed Corefile: the stream says {stream.latest}")
        rest = time.monotonic()
        until(rest + AFTERWARDS)
    done = stream.result
    took_effect = done.first(NEW)
    log = eventually(
        lambda: instance.logs(timestamps=True),
        lambda t: bool(lines_with(t, COMPLETE)),
        1.0,
        every=GENTLY,
    )
    delay = (
        Delay(took_effect - changed, coredns_part(instance.logs(WITNESS), log))
        if took_effect is not None
        else None
    )
    return Reloaded(
        stream=done,
        values_before=done.values(0.0, changed),
        values_after=done.values(rest + AFTERWARDS / 2),
        delay=delay,
        process_before=before,
        process_after=identity(instance.now()),
        log=lines_with(log, "[Rr]eload|Running configuration"),
        hashes_before=hashes,
        hashes_after=hashes_of(context, instance, server),
        waited=within,
    )


def files_brought(instance: OwnCoreDns) -> int:
    """How many files the kubelet has brought by now; 0 when nobody has noted any."""
    return len(lines_with(instance.logs(WITNESS), "^brought "))


def await_file(instance: OwnCoreDns, before: int) -> None:
    """Until the kubelet has brought one more: before that CoreDNS has nothing to look at.

    Raises NotPossibleError when it does not come.
    """
    if not before:
        return
    brought = lambda: files_brought(instance)  # noqa: E731
    if eventually(brought, lambda n: n > before, KUBELET_S, every=GENTLY) == before:
        raise NotPossibleError(
            f"the kubelet did not bring a changed ConfigMap within {KUBELET_S:g} s"
        )


def streaming(context: ExperimentContext, server: Server) -> Streaming:
    """The stream that asks which Corefile is in effect."""
    return Streaming(context.relay, server, Question(VERSION, "A"), RATE, PATIENCE)


def versioned_corefile(version: str, plugin: str) -> str:
    """A Corefile that tells its version by an address; ``plugin`` is the line with reload."""
    return f"""\
.:53 {{
    errors
    prometheus :9153
    template IN A {ZONE} {{
        answer "{{{{ .Name }}}} 0 IN A {version}"
    }}
    {plugin}
}}
"""


def coredns_part(witness: str, log: str) -> float | None:
    """Seconds from the arrival of the file to "Reloading complete", both by the node's clock.

    ``log`` has timestamps. None when either is missing, as when the witness has no ``stat``.
    """
    brought = [when(line.partition("brought ")[2]) for line in lines_with(witness, "^brought ")]
    complete = [when(line.split()[0]) for line in lines_with(log, COMPLETE)]
    # The first file is that of the start.
    arrived = brought[-1] if len(brought) > 1 else None
    done = complete[-1] if complete else None
    return (done - arrived).total_seconds() if done and arrived else None


def when(text: str) -> datetime | None:
    """A moment as kubelet and coreutils write it, to the microsecond; None for what is none."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+ ?", r"\1", text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def words(values: frozenset[str]) -> str:
    """Some values in a line."""
    return ", ".join(sorted(value[:20] for value in values)) or "none"


def hashes_of(context: ExperimentContext, instance: OwnCoreDns, server: Server) -> frozenset[str]:
    """The configurations that the metrics name; empty when they cannot be read."""
    found = metrics_of(context, instance, server)
    return found.label_values(HASH, "value") if found else frozenset()


def metrics_of(context: ExperimentContext, instance: OwnCoreDns, server: Server) -> Metrics | None:
    """The metrics of a private CoreDNS, or None when nothing serves them."""
    try:
        return instance.metrics(context.probe, server.address)
    except NoMetricsError as error:
        context.note(str(error))
        return None
