"""Single measurements: a failed check, a question, a connection, a path's losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusterdns.report.cell import Cell
from clusterdns.report.model import Check


@dataclass(frozen=True)
class Trouble:
    """A check that failed, or an advice that did not hold.

    ``about`` are the topics that the check declares; what it is called is for people only.
    """

    name: str  # "tests/dns/test_x.py::test_y[udp]"
    outcome: str  # "failed" or "deviation"
    message: str = ""
    cells: tuple[Cell, ...] = ()
    about: frozenset[str] = frozenset()

    @classmethod
    def of(cls, check: Check) -> "Trouble":
        """What remains of a check's entry: enough to tell which causes explain it."""
        return cls(
            name=check.name,
            outcome=check.outcome,
            message=check.message[:2000],
            cells=tuple(cell.shortened() for cell in check.deviating or check.left_out),
            about=frozenset(check.about),
        )

    def to_document(self) -> dict[str, object]:
        """The trouble as JSON has it."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "message": self.message,
            "about": sorted(self.about),
            "cells": [cell.to_document() for cell in self.cells],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Trouble":
        """The trouble that to_document wrote. Raises KeyError and TypeError for what is none."""
        cells = tuple(map(Cell.from_document, document["cells"]))
        return cls(**{**document, "cells": cells, "about": frozenset(document["about"])})


@dataclass(frozen=True)
class Talk:
    """One question that was put after the failure: what for, from where, to whom, what came.

    ``kind``: "known" (the API server's Service), "absent" (no such Service), "outside" and
    "outside-aaaa" (a node's name, which the upstream answers or denies), "suffix" (a random name
    under a search suffix of the node), "upstream" (a node's name, asked of an upstream itself),
    "stub" (a stub zone's SOA, asked of its own server), "told" and "told-outside" (the first and
    a node's name, asked of nameservers that pods are told and that are not the DNS Service).
    ``result``: an rcode, or the error such as "timeout", "refused", "unreachable".
    ``below``: of a "suffix", the search suffix.
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
    below: str = ""

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
    """How many questions of a run were put, lost and late on one path."""

    node: str
    server: str
    transport: str
    sent: int
    lost: int
    late: int  # rounds of questions with an answer that was late
    improbable: bool  # so many losses are no accident
    improbably_late: bool = False  # so many late answers are none either
