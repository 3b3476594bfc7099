"""Exact bytes to every server from every node: what a well-behaved resolver never sends."""

import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.losses import Path
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.matrix.tally import Cell
from clusterdns.probe import Conversation, Packet, Probe, Reply, Transcript

T = TypeVar("T")


@dataclass(frozen=True)
class Returned:
    """What came back for bytes that were sent as they are."""

    node: str
    server: Server
    reply: Reply

    @property
    def rcode(self) -> str:
        """The response code; "silence" without a reply, "unreadable" for what is no message."""
        if self.reply.wire is None:
            return "silence"
        try:
            message = dns.message.from_wire(self.reply.wire, question_only=True)
        except dns.exception.DNSException:
            return "unreadable"
        return dns.rcode.to_text(message.rcode())

    def __str__(self) -> str:
        return f"{self.node} > {self.server.name}: {self.rcode} ({self.reply.error or 'a reply'})"


def send_to_all(
    everyone: Matrix, wires: Mapping[str, bytes], transport: Transport, timeout: float
) -> dict[str, list[Returned]]:
    """Send each message to every server from every node, all at once; by the message's name."""
    sent = [(name, wire, server) for name, wire in wires.items() for server in everyone.servers]
    packets = [Packet(wire, s.address, s.port, transport, timeout) for _, wire, s in sent]
    returned: dict[str, list[Returned]] = {name: [] for name in wires}
    for node, replies in from_all_nodes(everyone, lambda _, probe: probe.exchange(packets)).items():
        for (name, _, server), reply in zip(sent, replies, strict=True):
            returned[name].append(Returned(node, server, reply))
    return returned


def from_all_nodes(everyone: Matrix, ask: Callable[[str, Probe], list[T]]) -> dict[str, list[T]]:
    """Do the same with every node's probe at once; the results by node."""
    with ThreadPoolExecutor(max_workers=max(1, len(everyone.probes))) as pool:
        results = pool.map(ask, everyone.probes, everyone.probes.values())
        return dict(zip(everyone.probes, results, strict=True))


def malformed(name: str) -> dict[str, bytes]:
    """Messages that break RFC 1035 4.1 in one way each, built around a question for a name."""
    good = Question(name, payload=None).message()
    wire = good.to_wire()
    update = Question(name, payload=None).message()
    update.set_opcode(dns.opcode.UPDATE)
    response = Question(name, payload=None).message()
    response.flags |= dns.flags.QR
    return {
        "one-octet": b"\x00",
        "no-question": struct.pack("!HHHHHH", good.id, 0x0100, 0, 0, 0, 0),
        "cut-in-the-name": wire[:20],
        "two-questions": struct.pack("!HHHHHH", good.id, 0x0100, 2, 0, 0, 0) + wire[12:] * 2,
        "a-response": response.to_wire(),
        "opcode-update": update.to_wire(),
        "name-points-to-itself": wire[:12] + b"\xc0\x0c\x00\x01\x00\x01",
        "noise": bytes(range(200, 255)),
    }


def pipeline(everyone: Matrix, questions: list[Question]) -> Evidence:
    """Put several questions on one TCP connection in one go (RFC 7766 6.2.1.1)."""
    wires = [question.message().to_wire() for question in questions]
    steps = (b"".join(struct.pack("!H", len(wire)) + wire for wire in wires),)
    return converse(everyone, f"{len(wires)} questions at once", steps, len(wires))


def fragments(everyone: Matrix, question: Question) -> Evidence:
    """Send one question over TCP in pieces, cut inside the length and inside the message."""
    wire = question.message().to_wire()
    whole = struct.pack("!H", len(wire)) + wire
    steps = (whole[:1], 0.05, whole[1:9], 0.05, whole[9:])
    return converse(everyone, f"{question} in three pieces", steps, 1)


def converse(
    everyone: Matrix, what: str, steps: tuple[bytes | float, ...], messages: int
) -> Evidence:
    """Hold the same conversation with every server from every node; not where TCP is silent."""

    def talk(node: str, probe: Probe) -> list[Cell]:
        silent = {s: everyone.why_silent(Path(node, str(s), "tcp")) for s in everyone.servers}
        awake = [server for server, why in silent.items() if not why]
        talks = [Conversation(s.address, s.port, steps, 3.0, messages) for s in awake]
        said = dict(zip(awake, probe.converse(talks), strict=True))
        silence = {s: Transcript(b"", f"not asked: {why}", 0.0) for s, why in silent.items() if why}
        return [compared(what, node, s, messages, (said | silence)[s]) for s in silent]

    return Evidence([c for cells in from_all_nodes(everyone, talk).values() for c in cells])


def compared(what: str, node: str, server: Server, messages: int, said: Transcript) -> Cell:
    """One conversation as a cell: as many messages must come back as were asked for."""
    came = len(said.messages)
    wanted = f"{messages} answers" if messages > 1 else "1 answer"
    found = f"no answer ({said.ending})" if not came else f"{came} answers ({said.ending})"
    wrong = came != messages
    received = found if wrong else wanted
    return Cell(
        question=what,
        node=node,
        server=str(server),
        transport="tcp",
        expected=wanted,
        received=received,
        ms=said.ms,
        deviates=wrong,
    )
