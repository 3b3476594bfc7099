"""What follows from the configuration: one CoreDNS of ours with a server block for each way.

Expectations come from reading its Corefile, with the code that judges the cluster's own: a wrong
reading shows here, whatever the cluster at hand is configured to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from clusterdns.cluster import Manifest
from clusterdns.corefile import Reading, parse
from clusterdns.experiments.api_loss.api_lost import wait_until_known
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.experiment import KNOWN_NAME, Experiment, planned_coredns
from clusterdns.experiments.forwarding.experiment import api_addresses, api_name
from clusterdns.experiments.own_upstreams import server_at
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected, Wanted
from clusterdns.matrix.question import Question, Server
from clusterdns.names import address_type
from clusterdns.objects.edge_cases import Drawn
from clusterdns.objects.pod_records import PodRecords
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.testbed.testbed import Testbed

NAME = "configured"
# Each way has a port of its own: the lines of its server block, {zone} is the cluster's.
WAYS: Mapping[str, tuple[int, str]] = {
    "pods-verified-without-cache": (5401, "kubernetes {zone} {{\n pods verified\n ttl 7\n }}"),
    "pods-disabled-ttl-0-cached": (5402, "kubernetes {zone} {{\n ttl 0\n }}\n cache 20"),
    "pods-insecure-ttl-60-capped": (
        5403,
        "kubernetes {zone} {{\n pods insecure\n ttl 60\n }}\n"
        " cache 30 {{\n disable success {zone}\n disable denial {zone}\n }}",
    ),
}
AUTOPATH_PORT = 5404
AUTOPATH = "autopath @kubernetes\n kubernetes {zone} {{\n pods verified\n }}"


@dataclass(frozen=True)
class Way:
    """The answers of one server block, and what they must be."""

    records: Mapping[Question, Answer]  # of pods' addresses
    wanted: Wanted
    name: Answer  # of the API server's Service
    named: Expected
    fresh: Answer  # to a question that was never asked before: no cache has counted it down
    ttl: int  # that this one must have


@dataclass(frozen=True)
class Configured:
    """The answers of all server blocks, by what is configured there, and of autopath."""

    ways: Mapping[str, Way]
    searched: Answer  # the first step of a search, where autopath is on
    found: Expected


@dataclass
class ConfiguredExperiment(Experiment[Configured]):
    """What a private CoreDNS says that is configured in several ways."""

    name = "configured"
    reads_cluster = True
    plan = (*planned_coredns(NAME, "several pod modes, TTLs and caches"), *KNOWN_NAME)

    account: str
    zone: str
    instance: OwnCoreDns = field(init=False)

    @classmethod
    def make(cls, setup: ExperimentSetup) -> Self:
        """Write the experiment down. Raises NotPossibleError where we may not read the cluster."""
        return cls(setup, setup.must_have_account(), setup.cluster_zone)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        workspace, node = self.setup.workspace, self.setup.node
        files = {"Corefile": corefile(self.zone)}
        self.instance = OwnCoreDns(workspace, NAME, files, node, self.account)

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.instance.manifests()

    def conduct(self, context: ExperimentContext) -> Configured:
        """Put the questions to each server block; the results.

        Raises NotPossibleError when it never knows the cluster or replies are lost again.
        """
        first = context.wait_until_serving(self.instance, AUTOPATH_PORT)
        name = Question(api_name(self.zone), "A")
        ips = [i for i in api_addresses(self.setup.workspace.cluster) if address_type(i) == "A"]
        if not ips:
            raise NotPossibleError("the API server's Service has no IPv4 address")
        named = expect.addresses(name.name, ips)
        running = addresses_of_probes(context.testbed)
        ways = {}
        for way, (port, _) in WAYS.items():
            server = server_at(first, port)
            wait_until_known(context, server, {name: named})
            wanted = self.records_of(port, running)
            said = context.ask(server, [*wanted])
            fresh = fresh_answer(context, server, name.name)
            found = {answer.question: answer for answer in said}
            known = context.ask_one(server, name)
            ways[way] = Way(
                records=found,
                wanted=wanted,
                name=known,
                named=named,
                fresh=fresh,
                ttl=self.ttl_of(port),
            )
        wait_until_known(context, first, {name: named})
        step = f"kubernetes.default.{self.setup.workspace.namespace}.svc.{self.zone}"
        followed = (expect.address_record(name.name, ip) for ip in ips)
        return Configured(
            ways,
            context.ask_one(first, Question(step, "A")),
            expect.alias(step, name.name, *followed),
        )

    @property
    def reading(self) -> Reading:
        """The Corefile of the instance, parsed."""
        return Reading(parse(corefile(self.zone)))

    def records_of(self, port: int, running: tuple[str, ...]) -> Wanted:
        """What names of pods' addresses must be answered with at this port."""
        kubernetes = self.reading.kubernetes(self.zone, port)
        mode = kubernetes.pods if kubernetes else "disabled"
        drawn = Drawn(self.setup.workspace.run)
        nobody = (drawn.ipv4(101), drawn.ipv6(101))
        namespace = self.setup.workspace.namespace
        records = PodRecords(mode, namespace, self.zone, running, nobody)
        return {**records.of_running_pods, **records.of_no_pod, **records.of_nothing}

    def ttl_of(self, port: int) -> int:
        """The TTL of a record of the cluster at this port.

        A cache gives its own time to all that passes, also to zones that it does not keep
        (plugin/cache/cache.go, WriteMsg, 1.11.3 to 1.15.0).
        """
        kubernetes = self.reading.kubernetes(self.zone, port)
        own = kubernetes.ttl if kubernetes else 0
        cache = self.reading.cache(self.zone, port)
        return min(cache.success_cap, max(own, cache.success_floor)) if cache else own


def fresh_answer(context: ExperimentContext, server: Server, name: str) -> Answer:
    """The answer to a question that no cache can have kept.

    When a reply is lost the cache has its records all the same, and the second try would be
    answered from there: so another name is asked. Raises NotPossibleError when none came at once.
    """
    for owner in (f"_https._tcp.{name}", name):
        answer = context.ask_one(server, Question(owner, "SRV"))
        if not (answer.answered and answer.lost):
            return answer
    raise NotPossibleError(
        f"a TTL could not be read: replies of {server} were lost again and again"
    )


def addresses_of_probes(testbed: Testbed) -> tuple[str, ...]:
    """The first address of each probe: all that mode verified knows before CoreDNS 1.15."""
    workspace = testbed.workspace
    names = {probe.pod for probe in testbed.probes.values()}
    pods = workspace.cluster.list("Pod", workspace.namespace, workspace.run.selector)
    return tuple(p["status"]["podIP"] for p in pods if p["metadata"]["name"] in names)


def corefile(zone: str) -> str:
    """A server block for each way."""
    lines = {**{port: text for port, text in WAYS.values()}, AUTOPATH_PORT: AUTOPATH}
    return "\n".join(
        f".:{port} {{\n errors\n {text.format(zone=zone)}\n}}" for port, text in lines.items()
    )
