"""The way between two nodes: what of it does not come through, and in which direction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import dns.message
import pytest

from clusterdns.diagnosis import Facts, diagnose
from clusterdns.diagnosis.hops.locate import located
from clusterdns.diagnosis.hops.place import Place
from clusterdns.diagnosis.rows import PathLoss
from clusterdns.probe import Conversation, Output, Packet, Reply, Transcript
from selftests.diagnosis.edit_facts import RIGHT, cell, failed, no_answer, saying
from selftests.diagnosis.healthy_facts import REPLICAS, healthy

LARGE = 1300  # octets of an answer that do not pass
B = "pod/coredns-b (10.244.1.2)"
ON_B = "from cp to pod/coredns-b on w1"
PLAIN = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
PATHS = [f"tests/network/test_paths.py::test_path_answers[{t}]" for t in ("udp", "tcp")]
WEB = "web.shop.svc.cluster.local. A"

Fault = Literal["", "questions", "answers", "reject", "late", "large"]


@dataclass
class Network:
    """Three nodes; between cp and w1 something happens to what goes over these transports."""

    fault: Fault
    transports: tuple[str, ...] = ("udp",)
    counted: int = 5  # questions of rare types, that coredns-b counts
    pages: bool = True

    def outcome(self, node: str, packet: Packet) -> tuple[str, float, int]:
        """Why nothing comes, or "", the milliseconds, and the size of the answer."""
        between = node == "cp" and packet.address == REPLICAS["coredns-b"][1]
        query = dns.message.from_wire(packet.wire)
        size = 3000 if "many" in query.question[0].name.to_text() and packet.timeout else 100
        size = size if (query.payload or 512) > LARGE or packet.transport == "tcp" else 100
        here = self.fault if between and packet.transport in self.transports else ""
        arrives = packet.address == REPLICAS["coredns-b"][1] and here not in ("questions", "reject")
        self.counted += arrives and query.question[0].rdtype == 65280
        if here == "late" and packet.timeout < 1.2:
            return "timeout", packet.timeout * 1000, 0
        if here in ("questions", "answers") or (here == "large" and size > LARGE):
            return "timeout", packet.timeout * 1000, 0
        if here == "reject":
            return "unreachable", 0.3, 0
        return "", 1002.0 if here == "late" else 0.5, size


@dataclass
class Onlooker:
    """A probe on one node of it."""

    network: Network
    node: str
    namespace: str = "ns"
    pod: str = "probe-0"
    wire_exact: bool = True
    sent: list[Packet] = field(default_factory=list)

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """What the network lets come back."""
        self.sent += packets
        return [self._reply(packet) for packet in packets]

    def _reply(self, packet: Packet) -> Reply:
        error, ms, size = self.network.outcome(self.node, packet)
        if error:
            return Reply(None, error, ms, None)
        answer = dns.message.make_response(dns.message.from_wire(packet.wire))
        return Reply(answer.to_wire() + bytes(max(0, size - 100)), None, ms, packet.address)

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """The metrics page."""
        line = (
            'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="other",'
            f'view="",zone="cluster.local."}} {self.network.counted}\n'
        )
        page = f"HTTP/1.0 200 OK\r\n\r\n{line}".encode() if self.network.pages else b""
        return [Transcript(page, "closed", 1.0) for _ in conversations]

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Not for these tests."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def faulty(network: Network, result: str = "timeout") -> Facts:
    """What checks and looks saw of it: the paths fail, and the cells on it were not asked."""
    facts = saying(
        healthy(),
        lambda t: (
            result
            if (t.node, t.server) == ("cp", "pod/coredns-b") and t.transport in network.transports
            else None
        ),
    )
    left_out = [
        replace(cell(WEB, "cp", B, t, RIGHT, no_answer("not asked")), asked=False, deviates=False)
        for t in network.transports
    ]
    service = [
        PathLoss("cp", "service/kube-dns (10.96.0.10)", t, 132, 51, 0, True)
        for t in network.transports
    ]
    pod = [PathLoss("cp", B, t, 212, 166, 0, True) for t in network.transports]
    facts = replace(
        facts, paths=(*facts.paths, *service, *pod)
    )  # what the replica loses, and its share
    for path, transport in zip(PATHS, ("udp", "tcp"), strict=True):
        facts = failed(facts, path) if transport in network.transports else facts
    return failed(facts, PLAIN, *left_out)


def placed(network: Network, facts: Facts | None = None) -> tuple[Place, ...]:
    """The places that are found."""
    probes = {node: Onlooker(network, node) for node in ("cp", "w1", "w2")}
    return located(facts or faulty(network), probes).places


@pytest.mark.parametrize(
    ("network", "subject", "counted"),
    [
        (Network("questions"), "over UDP: questions do not arrive", 0),
        (
            Network("answers"),
            "over UDP: questions arrive, but their answers do not come back",
            10,
        ),
        (Network("answers", pages=False), "over UDP: nothing comes back", None),
        (Network("reject"), "over UDP: questions are turned back (unreachable)", None),
        (Network("late"), "over UDP: answers take 1.0 s", None),
        (Network("questions", ("tcp",)), "over TCP: nothing comes back", None),
    ],
    ids=["questions", "answers", "no-metrics", "reject", "late", "tcp"],
)
def test_way_is_named_with_its_direction(
    network: Network, subject: str, counted: int | None
) -> None:
    """Nodes, transport and what happens there, proved by both ends, and all that follows."""
    (place,) = placed(network)
    assert (place.hop, place.subject, place.proved) == ("network", f"{ON_B} {subject}", True)
    assert place.right is not None
    assert place.wrong is not None
    assert (place.right.node, place.wrong.node) == ("w1", "cp")
    told = [f"of 10 questions that cp put the replica counted {counted}"]
    assert list(place.tried) == ([] if counted is None else told)
    found = diagnose(replace(faulty(network), places=(place,)))
    assert [one.cause for one in found.diagnoses] == ["path-between-nodes"]
    assert found.diagnoses[0].confidence == "high"
    assert found.unexplained == ()


def test_what_is_silent_elsewhere_is_not_the_ways() -> None:
    """Two faults at once: what another node misses is left to whatever explains it."""
    network = Network("questions")
    (place,) = placed(network)
    other = "tests/dns/test_apex.py::test_zone_has_one_soa_record[udp]"
    elsewhere = cell(WEB, "w2", "pod/coredns-a (10.244.0.2)", "udp", RIGHT, no_answer("timeout"))
    facts = failed(faulty(network), other, elsewhere)
    found = diagnose(replace(facts, places=(place,)))
    assert all(other not in one.checks for one in found.diagnoses if one.confidence == "high")


def test_network_of_the_node_itself_is_asked_too() -> None:
    """Whether pods alone are concerned: what the node's own network hears stands beside it."""
    network = Network("questions")
    probes = {node: Onlooker(network, node) for node in ("cp", "w1", "w2")}
    hosts = {"cp": Onlooker(network, "the host cp")}
    (place,) = located(faulty(network), probes, hosts=hosts).places
    words = "asked at replica coredns-b (10.244.1.2) from cp (host network): NOERROR"
    assert place.tried[-1].startswith(words)


def test_both_transports_are_one_place() -> None:
    """Where everything is lost between two nodes, it is said once."""
    (place,) = placed(Network("questions", ("udp", "tcp")))
    both = "over UDP and TCP: over UDP questions do not arrive; over TCP nothing comes back"
    assert place.subject == f"{ON_B} {both}"


def test_large_answers_are_asked_for_as_large() -> None:
    """A check that offered 4096 octets lost its answer: the same is offered again."""
    network = Network("large")
    lost = cell("many.shop.svc.cluster.local. A", "cp", B, "udp", RIGHT, no_answer("timeout"))
    facts = failed(healthy(), PLAIN, replace(lost, payload=4096, wanted_rcode="NOERROR"))
    probes = {node: Onlooker(network, node) for node in ("cp", "w1", "w2")}
    offered = {
        dns.message.from_wire(packet.wire).payload
        for found in [located(facts, probes)]
        for packet in probes["cp"].sent
        if found
    }
    assert offered == {4096}


def test_sound_ways_are_not_asked() -> None:
    """Nor those to a replica that does not answer its own node."""
    facts = saying(healthy(), lambda t: "timeout" if t.server == "pod/coredns-b" else None)
    assert placed(Network(""), failed(facts, PATHS[0])) == ()
    assert placed(Network(""), failed(healthy(), PATHS[0])) == ()


def test_a_moment_of_loss_is_no_way() -> None:
    """Asked again everything comes: nothing is said."""
    assert placed(Network("")) == placed(Network(""), failed(healthy(), PATHS[0])) == ()
