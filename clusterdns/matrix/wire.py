"""Exact bytes to every server from every node: what a well-behaved resolver never sends."""

import struct
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.everyone import Everyone, Matrix
from clusterdns.matrix.losses import Path
from clusterdns.matrix.observation import Observation
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Conversation, Packet, Probe, Reply, Transcript

T = TypeVar("T")
TALK_S, TALKS = 3.0, 2  # seconds for one conversation, and how often it is tried


def send_to_all(
    everyone: Matrix, wires: Mapping[str, bytes], transport: Transport, timeout: float
) -> dict[str, list[Observation]]:
    """Send each message as it is to every server from every node, all at once; by its name.

    What is compared is the response code: "silence" without a reply, "unreadable" for what is no
    message. No command repeats it: dig sends no such message.
    """
    sent = [(name, wire, server) for name, wire in wires.items() for server in everyone.servers]
    packets = [Packet(wire, s.address, s.port, transport, timeout) for _, wire, s in sent]
    returned: dict[str, list[Observation]] = {name: [] for name in wires}
    for node, replies in from_all_nodes(everyone, lambda _, probe: probe.exchange(packets)).items():
        for (name, _, server), reply in zip(sent, replies, strict=True):
            words = f"{rcode_of(reply)} ({reply.error or 'a reply'})"
            where, what = (node, str(server), transport), f"malformed message {name}"
            returned[name].append(
                Observation(what, *where, rcode_of(reply), words, lambda: "", reply.ms)
            )
    return returned


def rcode_of(reply: Reply) -> str:
    """The response code of bytes; "silence" without any, "unreadable" for what is no message."""
    if reply.wire is None:
        return "silence"
    try:
        message = dns.message.from_wire(reply.wire, question_only=True)
    except dns.exception.DNSException:
        return "unreadable"
    return dns.rcode.to_text(message.rcode())


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


def pipeline(asker: Everyone, *questions: Question) -> Answers:
    """Put several questions on one TCP connection in one go (RFC 7766 6.2.1.1)."""
    queries = [question.query()[0] for question in questions]
    for number, query in enumerate(queries):
        query.id = (queries[0].id + number) % 2**16  # by which the replies are told apart
    steps = (b"".join(framed(query.to_wire()) for query in queries),)
    return converse(asker, questions, queries, steps)


def fragments(asker: Everyone, question: Question) -> Answers:
    """Send one question over TCP in pieces, cut inside the length and inside the message."""
    query, wire = question.query()
    whole = framed(wire)
    return converse(asker, [question], [query], (whole[:1], 0.05, whole[1:9], 0.05, whole[9:]))


def framed(wire: bytes) -> bytes:
    """A message with its length in front, as TCP carries it (RFC 1035 4.2.2)."""
    return struct.pack("!H", len(wire)) + wire


def converse(
    asker: Everyone,
    questions: Sequence[Question],
    queries: Sequence[dns.message.Message],
    steps: tuple[bytes | float, ...],
) -> Answers:
    """Hold the same conversation with every server from every node; not where TCP is dead.

    What has no whole ending in time is tried once more from a new connection: together they last
    longer than any question is insisted on.
    """
    everyone = asker.everyone

    def talk(node: str, probe: Probe) -> list[Answer]:
        dead = {s: everyone.why_dead(Path(node, str(s), "tcp")) for s in everyone.servers}
        said: dict[Server, Transcript] = {}
        for _ in range(TALKS):
            due = [s for s, why in dead.items() if not why and not whole(said.get(s), queries)]
            talks = [Conversation(s.address, s.port, steps, TALK_S, len(queries)) for s in due]
            said |= dict(zip(due, probe.converse(talks), strict=True)) if talks else {}
        silence = {s: Transcript(b"", f"not asked: {why}", 0.0) for s, why in dead.items() if why}
        return [
            replace(
                Answer.from_reply(question, node, server, "tcp", query, reply),
                asked=server in said,
            )
            for server in dead
            for question, query, reply in zip(
                questions, queries, replies_to(queries, (said | silence)[server]), strict=True
            )
        ]

    cells = [answer for each in from_all_nodes(everyone, talk).values() for answer in each]
    return Answers(cells, asker.tally, everyone.repeat)


def whole(said: Transcript | None, queries: Sequence[dns.message.Message]) -> bool:
    """Whether there is nothing to wait for: all replies came, or the other side has ended it."""
    return said is not None and (len(said.messages) >= len(queries) or said.ending != "timeout")


def replies_to(queries: Sequence[dns.message.Message], said: Transcript) -> list[Reply]:
    """What came for each query, in whatever order (RFC 7766 7): a reply has the query's ID."""
    came = {int.from_bytes(message[:2], "big"): message for message in said.messages}
    return [
        Reply(came.get(query.id), None if query.id in came else said.ending, said.ms, None)
        for query in queries
    ]
