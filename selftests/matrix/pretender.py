"""A probe whose servers only pretend, and a matrix of it in which nobody waits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.message
import dns.rcode

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Conversation, Output, Packet, Reply, Transcript

LIVE, DEAD = Server("pod/live", "10.0.0.1"), Server("service/dead", "10.0.0.2")
OWN = "cluster.example."  # the zone that is answered from memory
QUESTIONS = [Question(f"name-{number}.{OWN}") for number in range(5)]
CONTROLS = (Question(f"known.{OWN}"), Question("version.bind.", "TXT", rdclass="CH"))


@dataclass
class Pretender:
    """A probe whose servers answer NOERROR, or keep silent if they are named dead."""

    node: str = "n1"
    namespace: str = "ns"
    pod: str = "probe-0"
    wire_exact: bool = True
    dead: set[str] = field(default_factory=lambda: {DEAD.address})
    sent: list[str] = field(default_factory=list)  # addresses, one for each packet
    talks: list[str] = field(default_factory=list)  # addresses, one for each conversation
    waits: list[tuple[str, float]] = field(default_factory=list)  # and how long it may take
    answers_every: int = 0  # the dead ones answer every so many questions; 0 is never
    late_ms: float = 1.0  # what their answers take
    silent_for: int = 0  # packets to the dead ones, after which they answer; 0 is never
    silent_names: set[str] = field(default_factory=set)  # that nobody answers
    late_names: dict[str, float] = field(default_factory=dict)  # what their answers take, in ms
    given_up: dict[str, int] = field(default_factory=dict)  # packets, and then it is SERVFAIL
    names: list[str] = field(default_factory=list)  # that were asked for
    races: list[int] = field(default_factory=list)  # packets of each race
    ending: str = "enough"  # of each conversation

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Answer at once, or not at all."""
        self.sent += [packet.address for packet in packets]
        self.waits += [(packet.address, packet.timeout) for packet in packets]
        self.races += Counter(p.race for p in packets if p.race is not None).values()
        return [self.reply(packet) for packet in packets]

    def reply(self, packet: Packet) -> Reply:
        """What one server says."""
        query = dns.message.from_wire(packet.wire)
        name, number = query.question[0].name.to_text(), self.sent.count(packet.address)
        self.names.append(name)
        lucky = self.answers_every and number % self.answers_every == 0
        lucky = lucky or 0 < self.silent_for < number
        if (packet.address in self.dead and not lucky) or name in self.silent_names:
            return Reply(None, "timeout", 1000.0, None)
        if self.names.count(name) < self.given_up.get(name, 0):
            return Reply(None, "timeout", 1000.0, None)
        answer = dns.message.make_response(query)
        if name in self.given_up:
            answer.set_rcode(dns.rcode.SERVFAIL)
        ms = self.late_ms if packet.address in self.dead else self.late_names.get(name, 1.0)
        return Reply(answer.to_wire(), None, ms, packet.address)

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Say nothing, and note with whom."""
        self.talks += [talk.address for talk in conversations]
        return [Transcript(b"", self.ending, 1.0) for _ in conversations]

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Not for these tests."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""

    def waits_for(self, server: Server) -> list[float]:
        """How long each packet to a server might take."""
        return [wait for address, wait in self.waits if address == server.address]

    def packets_to(self, server: Server) -> int:
        """How many packets went to a server."""
        return self.sent.count(server.address)


def made(probe: Pretender, *servers: Server, **settings: object) -> Matrix:
    """One node, and these servers; nobody waits."""
    given: dict[str, Any] = {"until": lambda moment: None, **settings}
    return Matrix({"n1": probe}, servers, 1.0, lambda answer: "", CONTROLS, **given)


def errors(*rounds: Sequence[Answer]) -> list[str]:
    """Why there is no answer, for each cell that has none."""
    return [answer.error for some in rounds for answer in some if not answer.answered]
