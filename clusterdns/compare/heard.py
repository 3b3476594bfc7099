"""Collects the answers that checks got while they run, to make a Recording of them."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import dns.exception

from clusterdns.compare.content import Content, content_of
from clusterdns.compare.recording import Cell, Place, Recording
from clusterdns.compare.roles import FRESH, Roles
from clusterdns.compare.speed import blocks_of
from clusterdns.matrix.answer import Answer, parsed
from clusterdns.matrix.losses import Path, Record
from clusterdns.matrix.question import Question, Server, Transport

AA = 4  # in the first octet behind the id (RFC 1035 4.1.1)
MOST_OUTSIDE = 40  # questions


class Asked(NamedTuple):
    """Who was asked what, from where: enough to ask it again."""

    question: Question
    node: str
    server: Server
    transport: Transport
    fresh: bool = False  # in all forms that caches keep apart, for its TTL


@dataclass
class Heard:
    """Answers by check; safe to use from several threads. What was not asked is not kept."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _checks: dict[tuple[str, str], int] = field(default_factory=dict)
    _bodies: dict[tuple[bytes, str], int] = field(default_factory=dict)
    _cells: list[tuple[int, Asked, int, float]] = field(default_factory=list)

    def note(
        self, check: tuple[str, str], answers: Iterable[Answer], of: Question | None = None
    ) -> None:
        """Keep the answers of a check, known by id and parameter.

        ``of``: the question of which these are the fresh forms.
        """
        with self._lock:
            number = self._checks.setdefault(check, len(self._checks))
            for a in answers:
                if a.asked:
                    body = (a.wire[2:], "") if a.message is not None else (b"", a.error or "?")
                    index = self._bodies.setdefault(body, len(self._bodies))
                    asked = Asked(of or a.question, a.node, a.server, a.transport, of is not None)
                    self._cells.append((number, asked, index, a.ms))

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self._cells)

    def outside(self, zone: str) -> dict[Question, list[Server]]:
        """Names outside a zone and the reverse zones, of which whoever was asked is the source.

        By question, as it is usually asked, with those servers; at most MOST_OUTSIDE.
        """
        found: dict[Question, list[Server]] = {}
        with self._lock:
            bodies, cells = list(self._bodies), list(self._cells)
        for _, asked, body, _ in cells:
            name, octets = asked.question.name.lower(), bodies[body][0]
            if not name.endswith((f".{zone.lower()}", ".arpa.")) and octets[:1] and octets[0] & AA:
                question = Question(name, asked.question.rdtype)
                if question in found or len(found) < MOST_OUTSIDE:
                    servers = found.setdefault(question, [])
                    servers += [asked.server] if asked.server not in servers else []
        return found

    def recording(
        self, roles: Roles, zone: str, paths: Mapping[Path, Record]
    ) -> tuple[Recording, dict[tuple[int, int, int, str], Asked]]:
        """All of it as a Recording, and who was asked by the indices of a cell.

        These are question, node, server and transport.
        """
        with self._lock:
            cells, bodies, checks = list(self._cells), list(self._bodies), list(self._checks)
        made = _Maker(roles)
        contents = [made.content(body, error) for body, error in bodies]
        asked_by: dict[tuple[int, int, int, str], Asked] = {}
        found = []
        for check, asked, body, ms in cells:
            question = made.question(asked.question, asked.fresh)
            node = made.node(asked.node)
            server = made.server(asked.server)
            asked_by.setdefault((question, node, server, asked.transport), asked)
            transport = asked.transport
            found.append(Cell(check, question, node, server, transport, contents[body], ms))
        recording = Recording(
            zone=zone,
            checks=checks,
            questions=list(made.questions),
            nodes=list(made.nodes),
            servers=[made.places[name] for name in made.servers],
            contents=list(made.contents),
            cells=found,
            paths={
                (made.nodes[p.node], made.servers[p.server], p.transport): blocks
                for p, record in paths.items()
                if p.node in made.nodes and p.server in made.servers
                if (blocks := blocks_of(record.ms))
            },
        )
        return recording, asked_by


class _Maker:
    """Numbers what a recording lists."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._questions: dict[tuple[Question, bool], int] = {}
        self.questions: dict[str, int] = {}
        self.nodes: dict[str, int] = {}
        self.servers: dict[str, int] = {}
        self.places: dict[str, Place] = {}
        self.contents: dict[Content, int] = {}

    def question(self, question: Question, fresh: bool) -> int:
        if (question, fresh) not in self._questions:
            words = words_of(question, self._roles) + (FRESH if fresh else "")
            number = self.questions.setdefault(words, len(self.questions))
            self._questions[question, fresh] = number
        return self._questions[question, fresh]

    def node(self, node: str) -> int:
        return self.nodes.setdefault(node, len(self.nodes))

    def server(self, server: Server) -> int:
        self.places.setdefault(str(server), Place(server.name, server.node, server.family))
        return self.servers.setdefault(str(server), len(self.servers))

    def content(self, body: bytes, error: str) -> int:
        content = read_body(body, error, self._roles)
        return self.contents.setdefault(content, len(self.contents))


def read_body(body: bytes, error: str, roles: Roles) -> Content:
    """The content of a reply without its id, or of none."""
    if error:
        return Content(error=error)
    try:
        return content_of(parsed(bytes(2) + body), named=roles)
    except dns.exception.DNSException as cause:
        return Content(error=f"unreadable reply ({type(cause).__name__})")


def words_of(question: Question, roles: Roles) -> str:
    """A question with roles in it, and how it is asked where that is unusual."""
    usual = Question(question.name, question.rdtype)
    asked = f"{roles(question.name)} {question.rdtype}"
    if question == usual:
        return asked
    how = [
        "" if question.rdclass == "IN" else f"class {question.rdclass}",
        "" if question.payload == usual.payload else f"bufsize {question.payload or 'none'}",
        "" if question.recursion_desired else "norec",
        f"EDNS {question.edns}" if question.edns else "",
        "DO" if question.dnssec_ok else "",
        "CD" if question.checking_disabled else "",
        *(f"option {code}:{content.hex()}" for code, content in question.options),
    ]
    return f"{asked} ({', '.join(word for word in how if word)})"


def fresh_forms(question: Question) -> Sequence[Question]:
    """The question as caches keep it apart: with DO, with CD, with both (CoreDNS plugin/cache)."""
    return [
        question,
        replace(question, dnssec_ok=True),
        replace(question, checking_disabled=True),
        replace(question, dnssec_ok=True, checking_disabled=True),
    ]
