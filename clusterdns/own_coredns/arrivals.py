"""Questions that arrived at a private CoreDNS, read from what its ``log`` plugin printed."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clusterdns.wait import GENTLY, eventually

CANARY_S = 5.0  # seconds until a question that was answered stands in the log

# One line per question; {name} and the others are those of CoreDNS (plugin/pkg/replacer).
LOG_FORMAT = "arrived-at {place} {{proto}} {{type}} {{name}} {{rcode}} {{remote}} {{port}}"
_LINE = re.compile(
    r"arrived-at (?P<place>\S+) (?P<transport>udp|tcp) (?P<rdtype>\S+) (?P<name>\S+)"
    r" (?P<rcode>\S+) (?P<source>\S+) (?P<port>\d+)"
)


@dataclass(frozen=True)
class Arrival:
    """One question as a server block saw it."""

    place: str  # which server block
    name: str  # as it was written, with its final dot
    rdtype: str
    transport: str
    rcode: str  # what it was answered with
    source: str  # the address that asked, without brackets

    def __str__(self) -> str:
        return f"{self.name} {self.rdtype} over {self.transport} at {self.place} -> {self.rcode}"


def log_directive(place: str) -> str:
    """The line of a Corefile that notes every question of a server block under this name."""
    return f'log . "{LOG_FORMAT.format(place=place)}"'


def arrivals_in(log: str) -> tuple[Arrival, ...]:
    """All questions that a log shows, in order; other lines are passed over."""
    return tuple(
        Arrival(
            place=found["place"],
            name=found["name"],
            rdtype=found["rdtype"],
            transport=found["transport"],
            rcode=found["rcode"],
            source=found["source"].strip("[]"),
        )
        for found in _LINE.finditer(log)
    )


def arrivals_with(canary: str, read: Callable[[], str]) -> tuple[Arrival, ...]:
    """What a log shows once a canary, which was asked last, is in it; after CANARY_S without it.

    ``canary`` is a name as it was asked; ``read`` reads the log anew.
    """
    return eventually(
        lambda: arrivals_in(read()),
        lambda seen: any(each.name == canary for each in seen),
        CANARY_S,
        every=GENTLY,
    )


def below(zone: str, arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    """The arrivals for a zone and the names below it; the zone is absolute, case does not count."""
    suffix = f".{zone.lower()}"
    return tuple(a for a in arrivals if f".{a.name.lower()}".endswith(suffix))
