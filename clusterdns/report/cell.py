"""One compared answer: words for people, and the same as values for the diagnosis."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypedDict

FILE = "file"  # the transport of what a pod has on disk: compared, but no answer of a server
LONGEST = 300  # characters of words that facts keep: what they begin with tells enough
MOST_RECORDS = 8  # that facts keep
REPORTED = ("question", "node", "server", "transport", "expected", "received", "ms", "command")


class Values(TypedDict, total=False):
    """What is known of one comparison beside its words: fields of a Cell by their names."""

    name: str
    rdtype: str
    payload: int
    server_name: str
    address: str
    asked: bool
    rcode: str
    error: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """Who was asked what from where, what was expected, and what came back.

    The first fields are words, as the report shows them. The others hold the same as values, for
    whoever reads further; those of an answer that is as expected may be left empty, and those of
    a comparison that is no DNS answer are empty but for what it knows.
    """

    question: str  # "web.a.svc.cluster.local. A"
    node: str
    server: str  # "service/kube-dns (10.96.0.10)"
    transport: str  # "udp", "tcp", the name of a program, or FILE
    expected: str
    received: str  # what was expected, when it does not deviate
    ms: float = 0.0
    deviates: bool = True
    command: str = ""  # repeats the question afterwards
    lost: int = 0  # how often it got no answer at all
    whole: bool = True  # the whole answer was compared, not just something about it
    name: str = ""  # what was asked for: absolute, or as a program was given it
    rdtype: str = ""  # the type asked for, such as "AAAA"
    payload: int = 1232  # EDNS buffer size that was offered, in octets; 0: no OPT record
    server_name: str = ""  # "service/kube-dns", "pod/coredns-6f9c-abcde", "nameserver"
    address: str = ""  # of the server
    asked: bool = True  # False: its path is dead, or it was asked once only
    rcode: str = ""  # such as "NXDOMAIN"; empty when no answer came
    error: str = ""  # why no answer came, such as "timeout"; empty when one did
    records: tuple[str, ...] = ()  # of the answer section, each as "owner TYPE rdata"
    wanted_rcode: str = ""  # empty when another rule than a whole answer was expected
    wanted_records: tuple[str, ...] = ()
    wanted_soa: str = ""  # owner of the SOA that a denial must carry; empty: not looked at
    wanted_flags: tuple[str, ...] = ()  # of the header, that must be set
    unwanted_flags: tuple[str, ...] = ()  # that must not be set

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes a cell distinct: a repeat of the same question does not count twice."""
        return (self.question, self.node, self.server, self.transport)

    @property
    def kind(self) -> str:
        """What sort of server was asked: "service", "pod", "nameserver" or "upstream"."""
        return self.server_name.partition("/")[0]

    @property
    def of_service(self) -> bool:
        """Whether the DNS Service, or the address that stands in for it, was asked."""
        return self.kind in ("service", "nameserver")

    @property
    def silent(self) -> bool:
        """Whether a DNS server was asked, or would have been, and no answer came."""
        return bool(self.error)

    @property
    def denied(self) -> bool:
        """Whether the answer says that there is nothing: NXDOMAIN, or no record of the type."""
        return self.rcode == "NXDOMAIN" or (self.rcode == "NOERROR" and not self.records)

    def entry(self) -> dict[str, object]:
        """The fields that the report has, in its order."""
        return {name: getattr(self, name) for name in REPORTED} | {"ms": round(self.ms, 3)}

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """The cell of an entry of a report: words only. Raises TypeError for an unknown key."""
        return cls(**{"question": "", **entry})

    def shortened(self) -> Self:
        """The cell as facts keep it: enough to judge by, and no more."""
        return replace(
            self,
            expected=self.expected[:LONGEST],
            received=self.received[:LONGEST],
            command="",
            records=self.records[:MOST_RECORDS],
            wanted_records=self.wanted_records[:MOST_RECORDS],
        )

    def to_document(self) -> dict[str, object]:
        """All that is not as the fields' defaults say, for JSON."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The cell that to_document wrote. Raises TypeError for an unknown key."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in document.items()
        }
        return cls(**values)
