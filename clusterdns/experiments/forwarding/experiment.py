"""Forwarding, tried in a private CoreDNS whose upstreams are ours and share its pod.

Ports of the instance: 53 forwards to a sound upstream and knows the cluster's names; HALF_DEAD has
one sound and two dead upstreams; ALL_DEAD has only one that goes away and comes back.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from clusterdns.cluster import Cluster
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.experiment import CHANGED, KNOWN_NAME, planned_coredns
from clusterdns.experiments.forwarding.outside_zone import (
    CANARY_ROW,
    LARGE_ROW,
    ROWS,
    STUB_ROW,
    STUB_ZONE,
    ZONE,
    stub_zone_file,
    zone_file,
)
from clusterdns.experiments.own_upstreams import (
    GIVES_UP,
    UPSTREAM,
    UpstreamedExperiment,
    block,
    server_at,
)
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected, Wanted, addresses, nodata, nxdomain
from clusterdns.matrix.question import TRANSPORTS, Question, Server, Transport
from clusterdns.names import address_type
from clusterdns.own_coredns import Arrival, arrivals_with, log_directive
from clusterdns.own_coredns.arrivals import below
from clusterdns.wait import eventually

HALF_DEAD, ALL_DEAD = 5311, 5312  # ports of the instance
SOUND, SILENT, REFUSING, STUB_PORT, MORTAL = 5301, 5302, 5303, 5304, 5305  # of the upstreams
OUTSIDE, STUB_FILE = "/etc/coredns/outside", "/etc/coredns/stub"


@dataclass(frozen=True)
class Forwarding:
    """The results of the forwarding experiment. Answers are kept whole; checks compare them."""

    rows: Mapping[tuple[str, Transport], Answer]  # by label of the row
    half_dead: tuple[Answer, ...]
    before: tuple[Answer, ...]  # by the mortal upstream: an outside name
    dead: tuple[Answer, ...]  # the same while it is gone
    cluster_meanwhile: tuple[Answer, ...]  # names of the cluster at that time
    back: tuple[Answer, ...]
    back_after_s: float  # from the change of the upstream's Corefile
    cluster_names: tuple[Answer, ...]  # existing ones and others
    arrived: tuple[Arrival, ...]  # at all our upstreams
    canary: str  # a name that must be among them, else nothing was counted
    cluster_zone: str
    api_addresses: tuple[str, ...]  # cluster IPs of the API server's Service
    no_cluster_names: str  # why the instance does not know the cluster's names; or empty
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Wanted:
        """What our upstreams say to the questions for their zone: the rows, and no other name."""
        asked = {a.question for a in (*self.half_dead, *self.before, *self.back)}
        rows = {row.question: row.expected for row in ROWS}
        return {question: rows.get(question, nxdomain(ZONE)) for question in asked}

    @property
    def wanted_in_cluster(self) -> Wanted:
        """What CoreDNS itself must say to the questions for names of the cluster."""
        asked = {a.question for a in (*self.cluster_names, *self.cluster_meanwhile)}
        return {question: self._in_cluster(question) for question in asked}

    def _in_cluster(self, question: Question) -> Expected:
        if question.name != api_name(self.cluster_zone):
            return nxdomain(self.cluster_zone)
        if question.rdtype != "A":
            return nodata(self.cluster_zone)
        ips = (ip for ip in self.api_addresses if address_type(ip) == "A")
        return addresses(question.name, ips)

    @property
    def counted(self) -> bool:
        """Whether counting works: the canary was seen."""
        return any(a.name == self.canary and a.place == "sound" for a in self.arrived)

    @property
    def leaked(self) -> tuple[Arrival, ...]:
        """Questions for names of the cluster that reached an upstream."""
        return below(self.cluster_zone, self.arrived)

    @property
    def stub_astray(self) -> tuple[Arrival, ...]:
        """Questions for the stub domain elsewhere, and other questions at the stub's server."""
        stubs = set(below(STUB_ZONE, self.arrived))
        return tuple(a for a in self.arrived if (a in stubs) != (a.place == "stub"))

    @property
    def stub_arrivals(self) -> int:
        """How many questions the stub's server got for its own domain."""
        return sum(a.place == "stub" for a in below(STUB_ZONE, self.arrived))


@dataclass
class ForwardingExperiment(UpstreamedExperiment[Forwarding]):
    """What a private CoreDNS does with questions for upstreams of ours.

    It knows the cluster's names where it may read them.
    """

    name = "forwarding"
    instance_name = "forwarder"
    reads_cluster = True
    plan = (
        *planned_coredns("forwarder", "a private CoreDNS and its upstreams", CHANGED),
        *KNOWN_NAME,
    )
    first_port = SOUND

    # Without an account it may not read the cluster, so it knows no cluster names.
    no_account: str = ""
    zone: str = "cluster.local."

    @classmethod
    def make(cls, setup: ExperimentSetup) -> Self:
        """Write the experiment down, with the cluster's names where we may read them."""
        why = "" if setup.account else setup.no_account
        return cls(setup, setup.account, why, setup.cluster_zone)

    def files(self) -> Mapping[str, str]:
        """The files of the instance: its Corefile, that of its upstreams, and their zones."""
        return {
            "Corefile": forwarder_corefile(self.zone if self.account else None),
            UPSTREAM: upstream_corefile(mortal=True),
            "outside": zone_file(),
            "stub": stub_zone_file(),
        }

    def conduct(self, context: ExperimentContext) -> Forwarding:
        """Put all questions. Raises NotPossibleError when instance or upstream does not serve."""
        server = context.wait_until_serving(self.instance)
        upstream = context.wait_until_serving(self.instance, SOUND)
        half_dead, all_dead = server_at(server, HALF_DEAD), server_at(server, ALL_DEAD)
        first = ROWS[0].question
        before = context.ask(all_dead, [first], timeout=GIVES_UP)
        rows = {
            (row.label, transport): context.ask_one(server, row.question, transport)
            for row in (*ROWS, LARGE_ROW, STUB_ROW)
            for transport in TRANSPORTS
        }
        names = cluster_questions(self.zone) if self.account else []
        cluster_names = context.ask(server, names)
        self.instance.change({UPSTREAM: upstream_corefile(mortal=False)})
        fresh = [Question(f"{secrets.token_hex(4)}.{ZONE}", "A") for _ in range(4)]
        asked_half = context.ask(
            half_dead, [row.question for row in ROWS] + fresh, timeout=GIVES_UP
        )
        context.note("questions to sound, half dead and stub upstreams done")
        dead = self._until_it_is_gone(context, upstream, all_dead)
        meanwhile = context.ask(all_dead, names[:1])
        began = self.instance.change({UPSTREAM: upstream_corefile(mortal=True)})
        back = eventually(
            lambda: context.ask_one(all_dead, first, timeout=GIVES_UP),
            lambda a: a.rcode == "NOERROR",
            self.setup.workspace.timeouts.reload,
            every=0.2,
        )
        back_after = time.monotonic() - began
        context.note("the upstream that was dead is back")
        context.ask_one(server, CANARY_ROW.question)
        return Forwarding(
            rows=rows,
            half_dead=tuple(asked_half),
            before=tuple(before),
            dead=(dead,),
            cluster_meanwhile=tuple(meanwhile),
            back=(back,),
            back_after_s=back_after,
            cluster_names=tuple(cluster_names),
            arrived=self._arrivals(),
            canary=CANARY_ROW.question.name,
            cluster_zone=self.zone,
            api_addresses=api_addresses(self.setup.workspace.cluster),
            no_cluster_names=self.no_account,
            notes=tuple(context.notes),
        )

    def _until_it_is_gone(
        self, context: ExperimentContext, upstream: Server, all_dead: Server
    ) -> Answer:
        """Wait until nothing listens where the mortal upstream was, then ask the instance."""
        context.wait_until_gone(server_at(upstream, MORTAL), ROWS[0].question)
        return context.ask_one(all_dead, ROWS[0].question, timeout=GIVES_UP)

    def _arrivals(self) -> tuple[Arrival, ...]:
        """All that the upstreams saw, once the canary is among it."""
        canary = CANARY_ROW.question.name
        return arrivals_with(canary, lambda: self.instance.logs(UPSTREAM))


def cluster_questions(zone: str) -> list[Question]:
    """Names of the cluster: the first exists, the others do not."""
    unknown = secrets.token_hex(4)
    return [
        Question(api_name(zone), "A"),
        Question(f"{unknown}.default.svc.{zone}", "A"),
        Question(f"{unknown}.default.svc.{zone}", "AAAA"),
        Question(f"{unknown}.{zone}", "A"),
        Question(f"www.example.com.svc.{zone}", "A"),  # as a search list makes them
        Question(api_name(zone), "TXT"),
    ]


def api_name(zone: str) -> str:
    """The name of the API server's Service, which every cluster has."""
    return f"kubernetes.default.svc.{zone}"


def api_addresses(cluster: Cluster) -> tuple[str, ...]:
    """The cluster IPs of the API server's Service."""
    spec = cluster.get("Service", "kubernetes", "default")["spec"]
    return tuple(spec.get("clusterIPs") or [spec["clusterIP"]])


def forwarder_corefile(zone: str | None) -> str:
    """The Corefile that forwards; ``zone`` is the cluster's, or None when it may not be read."""
    knows = f"kubernetes {zone} {{\n pods insecure\n}}" if zone else ""
    return f"""\
.:53 {{
    errors
    {knows}
    prometheus :9153
    forward . 127.0.0.1:{SOUND}
}}
{STUB_ZONE}:53 {{
    errors
    forward . 127.0.0.1:{STUB_PORT}
}}
.:{HALF_DEAD} {{
    errors
    forward . 127.0.0.1:{REFUSING} 127.0.0.1:{SILENT} 127.0.0.1:{SOUND} {{
        policy round_robin
    }}
}}
.:{ALL_DEAD} {{
    errors
    {knows}
    forward . 127.0.0.1:{MORTAL}
}}
"""


def upstream_corefile(mortal: bool) -> str:
    """Our upstreams: a sound one, a silent one, the stub's, and one that can be taken away."""
    blocks = [
        block(SOUND, log_directive("sound"), "errors", "reload 2s 1s", f"file {OUTSIDE} {ZONE}"),
        block(SILENT, "erratic {", "drop 1", "}"),
        block(STUB_PORT, log_directive("stub"), f"file {STUB_FILE} {STUB_ZONE}"),
    ]
    if mortal:
        blocks.append(block(MORTAL, log_directive("mortal"), f"file {OUTSIDE} {ZONE}"))
    return "".join(blocks)
