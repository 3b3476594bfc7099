"""The reply to one question, or the lack of one; its repr is what a failing check prints."""

import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdtypes.IN.SRV import SRV

from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Reply
from clusterdns.report.cell import Values

FOREVER = 2**31  # seconds: beyond any TTL (RFC 2181 8)


@dataclass(frozen=True, repr=False)
class Answer:
    """Who was asked what from where, and what came back.

    ``message`` is None when nothing (or nothing that can be parsed) came back; ``error`` says
    why. ``lost`` counts how often this question got no answer at all before it got this one.
    """

    question: Question
    node: str
    server: Server
    transport: Transport
    ms: float
    message: dns.message.Message | None
    error: str = ""
    lost: int = 0
    wire: bytes = b""  # what came back, octet by octet
    asked: bool = True  # False: the path is dead, or it was asked once only (see Matrix)
    over_s: float = 0.0  # seconds for which it was asked again and again, all tries together

    @classmethod
    def from_reply(
        cls,
        question: Question,
        node: str,
        server: Server,
        transport: Transport,
        query: dns.message.Message,
        reply: Reply,
        lost: int = 0,
    ) -> "Answer":
        """Parse what a probe brought back (RFC 1035 4.1) and check that it answers the query."""
        message: dns.message.Message | None = None
        error = reply.error or ""
        if reply.wire is not None:
            try:
                message = parsed(reply.wire)
            except dns.exception.DNSException as cause:
                error = f"unreadable reply ({type(cause).__name__}), {len(reply.wire)} octets"
        if message is not None and not query.is_response(message):
            error, message = f"a reply to another question: {message.question}", None
        wire = reply.wire or b""
        return cls(
            question=question,
            node=node,
            server=server,
            transport=transport,
            ms=reply.ms,
            message=message,
            error=error,
            lost=lost,
            wire=wire,
        )

    @property
    def answered(self) -> bool:
        """Whether a reply came back that belongs to the question."""
        return self.message is not None

    @cached_property
    def rcode(self) -> str:
        """The response code by name, such as NXDOMAIN; or "no answer"."""
        return dns.rcode.to_text(self.message.rcode()) if self.message else "no answer"

    @cached_property
    def flags(self) -> frozenset[str]:
        """The header's flags by name: QR, AA, TC, RD, RA."""
        return (
            frozenset(dns.flags.to_text(self.message.flags).split())
            if self.message
            else frozenset()
        )

    @cached_property
    def records(self) -> frozenset[str]:
        """The whole answer section: see in_words for the form of each record."""
        return in_words(self.message.answer) if self.message else frozenset()

    @property
    def authority(self) -> list[dns.rrset.RRset]:
        """The RRsets of the authority section."""
        return self.message.authority if self.message else []

    @property
    def additional(self) -> list[dns.rrset.RRset]:
        """The RRsets of the additional section, without OPT."""
        return self.message.additional if self.message else []

    @property
    def additional_records(self) -> frozenset[str]:
        """The whole additional section, in the same form as records."""
        return in_words(self.additional)

    @property
    def srv_targets(self) -> frozenset[tuple[int, str]]:
        """Port and target of each SRV record of the answer section."""
        return frozenset(
            (rdata.port, rdata.target.to_text().lower())
            for rrset in (self.message.answer if self.message else [])
            for rdata in rrset
            if isinstance(rdata, SRV)
        )

    @property
    def targets(self) -> frozenset[str]:
        """The names that PTR and CNAME records of the answer section lead to."""
        return frozenset(
            record.split()[2] for record in self.records if record.split()[1] in ("PTR", "CNAME")
        )

    @property
    def size(self) -> int:
        """The number of octets that came back; 0 when nothing did."""
        return len(self.wire)

    @property
    def echoed(self) -> str:
        """The name in the question that came back, in its case; empty when there is none."""
        return self.message.question[0].name.to_text() if self.message else ""

    @property
    def edns_version(self) -> int:
        """The version of the OPT record; -1 when there is none."""
        return self.message.edns if self.message else -1

    @property
    def order(self) -> tuple[str, ...]:
        """The rdata of the answer section in the order in which it came; empty without any."""
        if not self.answered:
            return ()
        in_order = dns.message.from_wire(self.wire, one_rr_per_rrset=True, ignore_trailing=True)
        return tuple(r.to_text() for rrset in in_order.answer for r in rrset)

    @property
    def name_servers(self) -> frozenset[str]:
        """The names that NS records of the answer section lead to."""
        return frozenset(r.split()[2] for r in self.records if r.split()[1] == "NS")

    @property
    def types(self) -> frozenset[str]:
        """The types of the records in the answer section, such as A and CNAME."""
        return frozenset(record.split()[1] for record in self.records)

    @property
    def owners_of_additional(self) -> frozenset[str]:
        """The owners of the records in the additional section."""
        return frozenset(record.split()[0] for record in self.additional_records)

    @property
    def longest_ttl(self) -> int:
        """The largest TTL of the answer section, in seconds."""
        return max((rrset.ttl for rrset in self.message.answer), default=0) if self.message else 0

    @property
    def denial_ttl(self) -> int:
        """How long a denial may be kept: the larger of the SOA's TTL and its minimum, in seconds.

        RFC 2308 5 has the smaller of the two; a server that gives both within a bound keeps it.
        """
        soas = [r for r in self.authority if r.rdtype == dns.rdatatype.SOA]
        return max((max(r.ttl, r[0].minimum) for r in soas), default=FOREVER)

    @property
    def soa_zone(self) -> str:
        """The owner of the SOA record in the authority section, which a denial needs; or ""."""
        owners = [r.name.to_text().lower() for r in self.authority if r.rdtype == dns.rdatatype.SOA]
        return owners[0] if owners else ""

    @property
    def received(self) -> str:
        """What came back, in one line."""
        if not self.answered:
            often = f", asked {self.lost} times over {self.over_s:.0f} s" if self.lost > 1 else ""
            return f"no answer ({self.error}){often}"
        denial = f" with the SOA of {self.soa_zone}" if self.soa_zone and not self.records else ""
        again = f" (after {self.lost} lost)" if self.lost else ""
        flags = f" flags {' '.join(sorted(self.flags))}"
        return f"{self.rcode} [{', '.join(sorted(self.records))}]{denial}{flags}{again}"

    @property
    def values(self) -> Values:
        """What was asked of whom and what came back, as a cell keeps it."""
        return Values(
            name=self.question.name,
            rdtype=self.question.rdtype,
            payload=self.question.payload or 0,
            server_name=self.server.name,
            address=self.server.address,
            asked=self.asked,
            rcode=self.rcode if self.answered else "",
            error="" if self.answered else self.error or "no answer",
            records=tuple(sorted(self.records)),
        )

    @property
    def heading(self) -> str:
        """The question and the transport, for the first line of a message."""
        return f"{self.question} over {self.transport}"

    @property
    def place(self) -> str:
        """From where to whom, and the time it took."""
        return f"from {self.node} to {self.server}, {self.ms:.1f} ms"

    def __repr__(self) -> str:
        return (
            f"<{self.question} from {self.node} to {self.server} over {self.transport}"
            f" -> {self.received}, {self.ms:.1f} ms>"
        )


def parsed(wire: bytes) -> dns.message.Message:
    """A message by its octets. Raises dns.exception.DNSException.

    Most replies differ in their id alone: what follows it is parsed once. Nobody changes a reply.
    """
    message = copy.copy(_parsed(wire[2:]))
    message.id = int.from_bytes(wire[:2], "big")
    return message


@lru_cache(maxsize=2048)
def _parsed(after_the_id: bytes) -> dns.message.Message:
    return dns.message.from_wire(
        bytes(2) + after_the_id, one_rr_per_rrset=True, ignore_trailing=True
    )


def in_words(section: list[dns.rrset.RRset]) -> frozenset[str]:
    """Each record as "owner TYPE rdata", owner and names in lower case, without TTL.

    SRV is given as port and target only: the specification leaves priority and weight open
    (2.3.2). A record that comes twice in a section appears with " (twice)", because an RRset
    is a set (RFC 2181 5).
    """
    seen: set[str] = set()
    for rrset in section:
        for rdata in rrset:
            data = (
                f"{rdata.port} {rdata.target.to_text()}"
                if isinstance(rdata, SRV)
                else rdata.to_text()
            )
            rdtype = dns.rdatatype.to_text(rrset.rdtype)
            text = data if rdtype == "TXT" else data.lower()
            record = f"{rrset.name.to_text().lower()} {rdtype} {text}"
            seen.add(f"{record} (twice)" if record in seen else record)
    return frozenset(seen)
