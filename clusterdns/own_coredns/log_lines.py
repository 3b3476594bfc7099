"""What a CoreDNS prints: the lines of its ``log`` plugin in the common format, and of ``errors``.

The format is documented in plugin/log/README.md, and is the same from 1.11.3 to 1.15.0.
"""

import re
from dataclasses import dataclass

_COMMON = re.compile(
    r"\[INFO\] (?P<remote>\[[0-9a-f:.]+\]|[0-9.]+):(?P<port>\d+) - (?P<id>\d+)"
    r' "(?P<rdtype>\S+) (?P<rdclass>\S+) (?P<name>\S+) (?P<transport>udp|tcp) (?P<size>\d+)'
    r' (?P<do>true|false) (?P<bufsize>\d+)" (?P<rcode>\S+) (?P<flags>\S+) (?P<rsize>\d+)'
    r" (?P<duration>[0-9.]+)s"
)
_ERROR = re.compile(
    r"\[ERROR\] plugin/errors: (?P<rcode>\d+) (?P<name>\S+) (?P<rdtype>\S+): (?P<cause>.*)"
)
_TOGETHER = re.compile(
    r"\[(?P<level>[A-Z]+)\] plugin/errors: (?P<count>\d+) errors like '(?P<like>.*)' occurred"
)


@dataclass(frozen=True)
class Said:
    """What one line says about a question and its answer, as far as both sides know it."""

    rdtype: str
    rdclass: str
    name: str
    transport: str
    size: int  # of the question, in octets
    dnssec_ok: bool
    bufsize: int  # that the client takes
    rcode: str
    flags: frozenset[str]
    id: int


@dataclass(frozen=True)
class Line:
    """One line of the log plugin."""

    said: Said
    rsize: int  # of the answer, in octets and not compressed
    duration: float  # seconds
    text: str


@dataclass(frozen=True)
class Error:
    """One line of the errors plugin."""

    rcode: int
    name: str
    rdtype: str
    cause: str


@dataclass(frozen=True)
class Together:
    """One line about several errors, by the option ``consolidate``."""

    level: str
    count: int
    like: str


def lines_in(log: str) -> tuple[Line, ...]:
    """Every line of the log plugin in the common format."""
    return tuple(
        Line(
            Said(
                rdtype=m["rdtype"],
                rdclass=m["rdclass"],
                name=m["name"],
                transport=m["transport"],
                size=int(m["size"]),
                dnssec_ok=m["do"] == "true",
                bufsize=int(m["bufsize"]),
                rcode=m["rcode"],
                flags=frozenset(m["flags"].upper().split(",")),
                id=int(m["id"]),
            ),
            int(m["rsize"]),
            float(m["duration"]),
            m[0],
        )
        for m in _COMMON.finditer(log)
    )


def errors_in(log: str) -> tuple[Error, ...]:
    """Every line of the errors plugin about one question."""
    return tuple(
        Error(int(m["rcode"]), m["name"], m["rdtype"], m["cause"]) for m in _ERROR.finditer(log)
    )


def together_in(log: str) -> tuple[Together, ...]:
    """Every line of the errors plugin about several."""
    return tuple(Together(m["level"], int(m["count"]), m["like"]) for m in _TOGETHER.finditer(log))
