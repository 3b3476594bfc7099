"""Questions that go out at once, from one node: sent, and what came of each packet."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.known_paths import Try
from clusterdns.matrix.losses import LATE_MS, Path
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import OUTRUN, Packet, Probe, Reply

Asked = tuple[Question, Server]

_RACES = itertools.count(1)


@dataclass(frozen=True)
class Round:
    """Questions that go out at once: from one node, over one transport."""

    node: str
    probe: Probe
    transport: Transport
    turn: int  # the same for all nodes that ask at once
    insist: bool = True  # ask again what was not answered

    def path(self, server: Server) -> Path:
        """The way to a server."""
        return Path(self.node, str(server), self.transport)

    def exchange(
        self,
        asked: Sequence[Asked],
        timeouts: Sequence[float],
        races: Sequence[int | None] = (),
    ) -> list[Try]:
        """Send each question, with its seconds; of those with the same race one answer is enough.

        Raises ProbeLostError.
        """
        queries = [question.query() for question, _ in asked]
        packets = [
            Packet(wire, server.address, server.port, self.transport, timeout, race=race)
            for (_, wire), (_, server), timeout, race in zip(
                queries, asked, timeouts, races or [None] * len(asked), strict=True
            )
        ]
        replies: list[Reply] = self.probe.exchange(packets) if packets else []
        answers = [
            Answer.from_reply(
                question=question,
                node=self.node,
                server=server,
                transport=self.transport,
                query=query,
                reply=reply,
            )
            for (question, server), (query, _), reply in zip(asked, queries, replies, strict=True)
        ]
        in_time = any(a.answered and a.ms <= LATE_MS for a in answers)
        stood_still = not in_time and len({answer.server for answer in answers}) > 1
        return [
            Try(answer, packet.timeout, stood_still)
            for answer, packet in zip(answers, packets, strict=True)
        ]

    def exchange_copies(
        self, asked: Sequence[Asked], timeouts: Sequence[float], copies: Sequence[int]
    ) -> list[Try]:
        """As exchange, with several packets for some questions: the first answer is enough.

        The packets of a question follow each other. Raises ProbeLostError.
        """
        packets = [index for index, number in enumerate(copies) for _ in range(number)]
        races = {i: next(_RACES) for i, number in enumerate(copies) if number > 1}
        return self.exchange(
            [asked[i] for i in packets],
            [timeouts[i] for i in packets],
            [races.get(i) for i in packets],
        )


def firsts(tries: Sequence[Try], copies: Sequence[int]) -> list[Answer]:
    """Of the packets of each question the first that was answered, else the first that was lost.

    ``copies`` is the number of packets of each question, which follow each other.
    """
    left = iter(tries)
    each = [[next(left).answer for _ in range(number)] for number in copies]
    return [min(came, key=lambda a: (not a.answered, a.error == OUTRUN)) for came in each]
