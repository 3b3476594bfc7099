"""Two private CoreDNS, that of the cluster and the upgrade's target, beside the same objects.

Whatever they answer differently is asked again before it counts.
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from posixpath import dirname

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.compare.content import content_of
from clusterdns.compare.differences import differences
from clusterdns.corefile import Corefile, CorefileError
from clusterdns.corefile.movable import NotMovableError
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.experiment import NAMESPACE, SLICES, Experiment, planned_coredns
from clusterdns.experiments.forwarding.outside_zone import HOST, zone_file
from clusterdns.experiments.own_upstreams import GIVES_UP, UPSTREAM, server_at
from clusterdns.experiments.upgraded import corefiles, objects
from clusterdns.experiments.upgraded.questions import (
    edns_of,
    names_of,
    own_names,
    questions_for,
)
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns, environment, variables_in
from clusterdns.own_coredns.instance import FOLDER, Companion
from clusterdns.run.plan import PlannedObject
from clusterdns.upgrade.changes import Seen, Which
from clusterdns.upgrade.upgrade import Upgrade, read_kubeadm_config

SIDES = ("upgrade-running", "upgrade-target")
LINK_LOCAL = re.compile(r"\bfe80:[0-9a-f:]+")
TTL_SLACK = 3  # seconds that a second answer may be older than the other side's
SLOW_MS = 1000.0  # milliseconds: a difference in time below is none
Pairs = list[tuple[Answer, Answer]]


@dataclass(frozen=True)
class Upgraded:
    """What was asked, and what the two sides answered differently, twice."""

    images: tuple[str, str]
    asked: int  # questions that both sides were asked
    seen: tuple[Seen, ...]
    metrics: tuple[frozenset[str], frozenset[str]]  # names of the series of each side
    patch: str  # what kubeadm changes in the Corefile, or nothing
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        changed = f"; with this Corefile:\n{self.patch}" if self.patch else ""
        return f"{self.asked} questions to {self.images[0]} and to {self.images[1]}{changed}"


@dataclass
class UpgradedExperiment(Experiment[Upgraded]):
    """What the target answers otherwise than the version that runs, in private instances."""

    name = "upgraded"
    reads_cluster = True
    plan = (
        *planned_coredns(SIDES[0], "the version that runs, and upstreams that fail"),
        *planned_coredns(SIDES[1], "the version that the upgrade leads to, beside the same"),
        PlannedObject("", "Service", NAMESPACE, "upgrade-*", ("create",), "names to ask for"),
        PlannedObject(SLICES, "EndpointSlice", NAMESPACE, "upgrade-*", ("create",), "endpoints"),
        PlannedObject("", "Service", None, "*", ("list",), "names to ask for"),
        PlannedObject(SLICES, "EndpointSlice", None, "*", ("list",), "names to ask for"),
        PlannedObject("", "ConfigMap", "kube-system", "kubeadm-config", ("get",), "its Corefile"),
    )

    upgrade: Upgrade
    account: str
    instances: tuple[OwnCoreDns, ...] = field(init=False)

    @classmethod
    def make(cls, setup: ExperimentSetup) -> "UpgradedExperiment":
        """Write both sides down. Raises NotPossibleError where one of them cannot be had."""
        workspace, target = setup.workspace, setup.target
        if target is None:
            raise NotPossibleError("no option names a version to upgrade to")
        try:
            config = read_kubeadm_config(workspace.cluster)
        except ApiException as error:
            config = str(error)
        return cls(setup, Upgrade(workspace.inventory, target, config), setup.must_have_account())

    def __post_init__(self) -> None:
        """Write down both instances; nothing is made yet. Raises NotPossibleError."""
        found = self.setup.workspace.inventory
        image = self.upgrade.target.image_beside(found.image)
        if not image:
            raise NotPossibleError(
                f"which image CoreDNS {self.upgrade.target.version} has is not known beside "
                f"{found.image}: name it with --target-image"
            )
        if refused := self.upgrade.refusals():
            raise NotPossibleError(
                f"CoreDNS {self.upgrade.target.version} does not start with this Corefile, so "
                f"nothing can be compared until it does: {refused[0]}"
            )
        sides = zip(
            SIDES, (found.image, image), (found.corefile, self.upgrade.corefile_after), strict=True
        )
        self.instances = tuple(self._instance(*each) for each in sides)

    def _instance(
        self, name: str, image: str, corefile: Corefile | CorefileError | None
    ) -> OwnCoreDns:
        inventory = self.setup.workspace.inventory
        if not isinstance(corefile, Corefile):
            raise NotPossibleError(f"the Corefile cannot be read: {corefile or 'there is none'}")
        home = dirname(inventory.corefile_path)
        try:
            text, files = corefiles.side(corefile, inventory.files, home)
        except (NotMovableError, ValueError) as error:
            raise NotPossibleError(f"the Corefile cannot be tried elsewhere: {error}") from error
        env, _ = environment(inventory.container, variables_in([text]), lambda _: {})
        command = inventory.container.get("command") or []
        arguments = ("-conf", f"{FOLDER}/{UPSTREAM}", "-dns.port", str(corefiles.SOUND))
        return OwnCoreDns(
            self.setup.workspace,
            name,
            {
                **files,
                "Corefile": text,
                UPSTREAM: corefiles.upstream_corefile(),
                "outside": zone_file(),
            },
            self.setup.node,
            self.account,
            companions=(Companion(UPSTREAM, inventory.image, command, arguments),),
            env=env,
            image=image,
        )

    def manifests(self) -> list[Manifest]:
        """Both instances, and objects with names that few clusters have."""
        pods = [each for instance in self.instances for each in instance.manifests()]
        return [*objects.manifests(self.setup.workspace), *pods]

    def conduct(self, context: ExperimentContext) -> Upgraded:
        """Ask both sides the same. Raises NotPossibleError when one of them does not serve."""
        with ThreadPoolExecutor(max_workers=len(SIDES)) as pool:
            servers = tuple(pool.map(lambda one: self._serving(context, one), self.instances))
        questions = self._questions()
        trial = Trial(context, servers)
        trial.compare(questions, "first")
        trial.compare(questions, "again")
        trial.compare(questions[:: max(1, len(questions) // 100)], "first", "tcp")
        context.note("names of the cluster and of sound upstreams done")
        trial.compare_failing()
        context.note("failing upstreams done")
        return Upgraded(
            images=(self.instances[0].image, self.instances[1].image),
            asked=trial.asked,
            seen=tuple(trial.seen),
            metrics=(
                self._metric_names(context, 0, servers[0]),
                self._metric_names(context, 1, servers[1]),
            ),
            patch=self.upgrade.patch,
            notes=tuple(context.notes),
        )

    def _serving(self, context: ExperimentContext, instance: OwnCoreDns) -> Server:
        try:
            return context.wait_until_serving(instance, corefiles.PORT)
        except NotPossibleError as error:
            if instance is self.instances[0] or "did not start" not in str(error):
                raise
            raise NotPossibleError(
                f"{error}; its image is {instance.image}: the nodes must have it or be able to "
                "pull it, and --target-image names another"
            ) from error

    def _questions(self) -> list[Question]:
        """By what is in the cluster now, ours among it. Raises ApiException."""
        cluster, zone = self.setup.workspace.cluster, self.setup.cluster_zone
        ours = self.setup.workspace.namespace
        services, slices = cluster.list("Service"), cluster.list("EndpointSlice")
        for found in (services, slices):
            found.sort(key=lambda each: each["metadata"].get("namespace") != ours)
        reading = self.upgrade.inventory.reading
        names = [*names_of(zone, services, slices), *(own_names(reading) if reading else ())]
        few = [f"kubernetes.default.svc.{zone}", f"absent.default.svc.{zone}"]
        return questions_for(names, few)

    def _metric_names(
        self, context: ExperimentContext, place: int, server: Server
    ) -> frozenset[str]:
        """The names of the series of a side; empty where its page cannot be had."""
        try:
            found: Metrics = self.instances[place].metrics(context.probe, server.address)
        except NoMetricsError:
            return frozenset()
        return frozenset(s.name for s in found.samples if s.name.startswith("coredns_"))


@dataclass
class Trial:
    """Questions put to both sides, and the differences that were there twice."""

    context: ExperimentContext
    servers: Sequence[Server]
    asked: int = 0
    seen: list[Seen] = field(default_factory=list)

    def compare(
        self, questions: Sequence[Question], which: Which, transport: Transport = "udp"
    ) -> None:
        """Ask both sides, and what differs once more."""
        self.asked += len(questions)
        found = self._differ(self._ask(questions, self.servers, transport), which)
        if not found:
            return
        once_more = self._ask(list(found), self.servers, transport)
        lasting = self._differ(once_more, which)
        for question, seen in found.items():
            fields = {each.field for each in lasting.get(question, ())}
            self.seen += [each for each in seen if each.field in fields]

    def compare_failing(self) -> None:
        """The same outside names by way of each failing upstream, twice, all at once."""
        with ThreadPoolExecutor(max_workers=len(corefiles.PORTS)) as pool:
            for found in pool.map(self._failing, corefiles.PORTS):
                self.asked += 2 * len(found)
                first, again = found[: len(found) // 2], found[len(found) // 2 :]
                for seen in self._differ(first, "first", timed=True).values():
                    self.seen += seen
                for seen in self._differ(again, "again", timed=True).values():
                    self.seen += seen

    def _failing(self, way: str) -> Pairs:
        servers = [server_at(server, corefiles.PORTS[way]) for server in self.servers]
        kinds = ("A", "AAAA") if way != "truncated" else ("A",)
        questions = [Question(f"{way}-{n}.{HOST}", kind) for n in (1, 2, 3) for kind in kinds]
        first = self._ask(questions, servers, "udp", GIVES_UP)
        return [*first, *self._ask(questions, servers, "udp", GIVES_UP)]

    def _ask(
        self,
        questions: Sequence[Question],
        servers: Sequence[Server],
        transport: Transport,
        timeout: float | None = None,
    ) -> Pairs:
        def ask(server: Server) -> list[Answer]:
            return self.context.ask(server, questions, transport, timeout)

        with ThreadPoolExecutor(max_workers=len(servers)) as pool:
            older, newer = pool.map(ask, servers)
        return list(zip(older, newer, strict=True))

    def _differ(
        self, pairs: Pairs, which: Which, timed: bool = False
    ) -> Mapping[Question, list[Seen]]:
        found: dict[Question, list[Seen]] = {}
        for older, newer in pairs:
            told = list(_fields(older, newer))
            if timed and abs(older.ms - newer.ms) > SLOW_MS and older.answered and newer.answered:
                told.append(("time", f"{older.ms:.0f} ms", f"{newer.ms:.0f} ms"))
            question = older.question
            seen = [
                Seen(question.name, question.rdtype, edns_of(question), which, *each)
                for each in told
            ]
            if seen:
                found[question] = seen
        return found


def _fields(older: Answer, newer: Answer) -> Sequence[tuple[str, str, str]]:
    before, now = (
        content_of(one.message, one.error, partial(_named, one.server.address))
        for one in (older, newer)
    )
    found = differences(before, now, order=False)
    return [
        (one.field, one.before, one.now)
        for one in found
        if one.field != "ttl" or abs(_seconds(one.before) - _seconds(one.now)) > TTL_SLACK
    ]


def _named(own: str, text: str) -> str:
    """A text in which the side's own addresses, as it says them of itself, have one name."""
    return LINK_LOCAL.sub("itself", re.sub(rf"(?<![\w.]){re.escape(own)}(?![\w.])", "itself", text))


def _seconds(words: str) -> int:
    return int(words.partition(" ")[0])
