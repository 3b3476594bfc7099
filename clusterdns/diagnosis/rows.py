"""Single measurements: an answer that deviates, a question, a connection, a path's losses."""

from dataclasses import dataclass, fields

from clusterdns.report.model import Check

LONGEST = 300  # characters of an answer that are kept: what it begins with tells enough


@dataclass(frozen=True)
class Cell:
    """One answer that was not as expected, as the check's entry in the report has it."""

    question: str
    node: str
    server: str  # "service/kube-dns (10.96.0.10)"
    transport: str  # "udp", "tcp", or "file"
    expected: str
    received: str

    @property
    def of_service(self) -> bool:
        """Whether the DNS Service, or the address that stands in for it, was asked."""
        return self.server.startswith(("service/", "nameserver"))

    @property
    def silent(self) -> bool:
        """Whether no answer came at all."""
        return self.received.startswith("no answer")

    @property
    def unasked(self) -> bool:
        """Whether it was left out, because its path had kept silent before."""
        return "(not asked: " in self.received


@dataclass(frozen=True)
class Trouble:
    """A check that failed, or an advice that did not hold."""

    name: str  # "tests/dns/test_x.py::test_y[udp]"
    outcome: str  # "failed" or "deviation"
    message: str = ""
    cells: tuple[Cell, ...] = ()

    @classmethod
    def of(cls, check: Check) -> "Trouble":
        """What remains of a check's entry: enough to tell which causes explain it."""
        names = [f.name for f in fields(Cell)]
        cells = [
            Cell(**{n: str(cell.get(n, ""))[:LONGEST] for n in names}) for cell in check.deviating
        ]
        return cls(check.name, check.outcome, check.message[:2000], tuple(cells))


@dataclass(frozen=True)
class Talk:
    """One question that was put after the failure: what for, from where, to whom, what came.

    ``kind``: "known" (the API server's Service), "absent" (no such Service), "outside" and
    "outside-aaaa" (a node's name, which the upstream answers or denies), "suffix" (a random name
    under a search suffix of the node), "upstream" (a node's name, asked of an upstream itself).
    ``result``: an rcode, or the error such as "timeout", "refused", "unreachable".
    """

    kind: str
    node: str
    server: str  # "service/kube-dns", "pod/coredns-x", "upstream", "nameserver"
    address: str
    server_node: str
    transport: str
    result: str
    ms: float = 0.0
    records: int = 0

    @property
    def answered(self) -> bool:
        """Whether a DNS answer came, whatever it says."""
        return self.result.isupper()

    @property
    def sound(self) -> bool:
        """Whether the answer says yes or no, not that something is wrong."""
        return self.result in ("NOERROR", "NXDOMAIN")


@dataclass(frozen=True)
class Contact:
    """One TCP connection that was tried after the failure, or a page over HTTP.

    ``what``: "api-service", "api-endpoint", "pod" (a closed port of a probe elsewhere), "node"
    or a path such as "/ready". ``result``: "reached", the status of a page, or the error.
    """

    what: str
    node: str
    server: str
    address: str
    server_node: str
    port: int
    result: str
    body: str = ""

    @property
    def reached(self) -> bool:
        """Whether the other side said anything, a refusal of the closed port included."""
        return self.result in ("reached", "refused") or self.result.isdigit()


@dataclass(frozen=True)
class PathLoss:
    """What became of all questions of a run on one path."""

    node: str
    server: str
    transport: str
    sent: int
    lost: int
    late: int  # rounds of questions with an answer that was late
    improbable: bool  # so many losses are no accident
    improbably_late: bool = False  # so many late answers are none either
