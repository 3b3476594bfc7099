"""Loops, made on purpose in private CoreDNS instances that forward to themselves.

One has the ``loop`` plugin and must stop; the other has not and must be recognised by the
questions that it multiplies. ``max_concurrent`` ends that by itself.
"""

from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import Experiment, planned_coredns
from clusterdns.experiments.loops.multiplied import Multiplied, count_requests
from clusterdns.experiments.loops.restarts import LOOP_MESSAGE
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.instance import lines_with, main_status
from clusterdns.wait import GENTLY, eventually

LOOPING, HIDDEN = "looping", "hidden-loop"  # the two instances
MOST_CONCURRENT = 200  # questions that the instance without the plugin forwards at a time
STOPS_WITHIN = 10.0  # seconds: the plugin asks itself at once and again every second


@dataclass(frozen=True, repr=False)
class LoopDetected:
    """How an instance ended that forwards to itself and has the plugin ``loop``."""

    exit_code: int | None  # None: it still ran
    messages: tuple[str, ...]  # the lines of the plugin
    last_lines: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether it ended with an error, and said why."""
        return self.exit_code not in (None, 0) and bool(self.messages)

    def __repr__(self) -> str:
        ended = "it still runs" if self.exit_code is None else f"it ended with {self.exit_code}"
        words = "\n  ".join(self.messages or ("no word of the plugin", *self.last_lines))
        return f"a private CoreDNS that forwards to itself: {ended}\n  {words}"


@dataclass
class LoopingExperiment(Experiment[LoopDetected]):
    """How a private CoreDNS ends that forwards to itself and has ``loop``."""

    name = "loop_detected"
    plan = planned_coredns(LOOPING, "forwards to itself, with loop", ("delete",))

    corefile: str = ".:53 {\n errors\n loop\n forward . 127.0.0.1:53 {\n max_concurrent 50\n }\n}\n"
    instance: OwnCoreDns = field(init=False)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        files = {"Corefile": self.corefile}
        self.instance = OwnCoreDns(self.setup.workspace, LOOPING, files, self.setup.node, dies=True)

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.instance.manifests()

    def conduct(self, context: ExperimentContext) -> LoopDetected:
        """Wait for its end. Raises NotPossibleError when it does not start."""
        self.instance.wait_until_running()
        status = eventually(
            lambda: main_status(self.instance.seen()),
            lambda s: "terminated" in s.get("state", {}),
            STOPS_WITHIN,
            every=GENTLY,
        )
        ended = status.get("state", {}).get("terminated")
        log = self.instance.logs()
        context.note("the looping instance has stopped" if ended else "it still runs")
        self.instance.delete()
        return LoopDetected(
            ended["exitCode"] if ended else None,
            lines_with(log, LOOP_MESSAGE),
            tuple(log.splitlines()[-5:]),
            tuple(context.notes),
        )


@dataclass
class HiddenLoopExperiment(Experiment[Multiplied]):
    """How a question multiplies in a private CoreDNS that forwards to itself, without ``loop``."""

    name = "loop_hidden"
    plan = planned_coredns(HIDDEN, "forwards to itself, without loop", ("delete",))

    corefile: str = (
        ".:53 {\n prometheus :9153\n forward . 127.0.0.1:53 {\n"
        f" max_concurrent {MOST_CONCURRENT}\n }}\n}}\n.:5354 {{\n whoami\n}}\n"
    )
    instance: OwnCoreDns = field(init=False)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        files = {"Corefile": self.corefile}
        self.instance = OwnCoreDns(self.setup.workspace, HIDDEN, files, self.setup.node)

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.instance.manifests()

    def conduct(self, context: ExperimentContext) -> Multiplied:
        """Put one question to it and count. Raises NotPossibleError when it does not serve."""
        # The other server block tells that it serves, without a question that loops.
        beside = context.wait_until_serving(self.instance, 5354)
        server = self.instance.server(beside.address)
        endpoints = {self.instance.name: server.address}
        counted = count_requests(context, [server], endpoints)
        context.note("one question asked and counted")
        self.instance.delete()
        return counted
