"""Causes held against what was measured: one that is contradicted is taken out, or is not sure.

A cause predicts by its layer at which hops answers may go wrong, and by ``Finding.silent`` who
must not answer. A place that was proved elsewhere speaks against it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Cause, Finding
from clusterdns.diagnosis.hops.place import Hop, Place
from clusterdns.diagnosis.layers import Layer
from clusterdns.diagnosis.rows import Trouble

_WAYS: frozenset[Layer] = frozenset({"node-network", "network-policy", "node-local"})
_SERVERS: frozenset[Layer] = frozenset({"coredns-pod", "api", "records", "cache"})
# The layers of which a fault may show at a hop.
FITS: Mapping[Hop, frozenset[Layer]] = {
    "service": _WAYS | {"service", "kubelet", "client"},
    "network": _WAYS | {"service"},
    "replica": _WAYS | _SERVERS | {"corefile", "service"},
    "corefile": frozenset({"corefile", "cache", "records", "upstream"}),
    "data": _SERVERS | {"corefile"},
    "upstream": _WAYS | {"upstream", "corefile"},
    "coredns": _WAYS | _SERVERS | {"corefile", "upstream", "service"},
}


@dataclass(frozen=True)
class Held:
    """A finding after it was held against the facts. ``explained``: names of checks."""

    finding: Finding
    explained: frozenset[str]


def contradicted(finding: Finding, facts: Facts) -> bool:
    """Whether somebody answers who by this finding does not."""
    return finding.silent is not None and any(
        talk.answered and finding.silent(talk) for talk in facts.talks
    )


def held(cause: Cause, finding: Finding, hits: Sequence[Trouble], facts: Facts) -> Held | None:
    """What is left of a finding; None where measurements leave nothing of it."""
    names = frozenset(trouble.name for trouble in hits)
    if contradicted(finding, facts):
        return None
    against = [
        place
        for place in facts.places
        if place.proved and names & set(place.checks) and not agrees(cause, finding, place)
    ]
    if _line(cause, finding, names, facts):
        finding = replace(finding, confidence="high")
    if not against:
        return Held(finding, names)
    if cause.layer in _WAYS and any(p.silent and p.hop == "corefile" for p in against):
        return None  # a private instance beside the probe is as silent: no way is to blame
    elsewhere = frozenset(name for place in against for name in place.checks)
    agreed = (p for p in facts.places if p.proved and agrees(cause, finding, p))
    elsewhere -= frozenset(name for place in agreed for name in place.checks)
    left = names - elsewhere
    if not left:
        return None
    spoken = tuple(f"asked hop by hop the place is another one: {p.proof}" for p in against[:1])
    sure = finding.confidence
    if sure == "high" and not _line(cause, finding, names, facts):
        sure = "medium"
    return Held(replace(finding, confidence=sure, against=(*finding.against, *spoken)), left)


def follows(place: Place, facts: Facts) -> tuple[str, ...]:
    """The failed checks that follow from a place.

    Its own, and where it makes answers missing those that only miss answers, asked or not. Of a
    way between two nodes it is known which these are.
    """
    if not place.silent or place.way:
        return place.checks
    lacking = [t.name for t in facts.failed if t.cells and all(c.silent for c in t.cells)]
    return tuple(dict.fromkeys((*place.checks, *lacking)))


def agrees(cause: Cause, finding: Finding, place: Place) -> bool:
    """Whether a fault of this kind may show at this place: its layer, and what the place names.

    Of a line the plugin, or the zone of the block, must be what the cause speaks of; of an
    upstream its address.
    """
    if cause.layer not in FITS.get(place.hop, frozenset({cause.layer})):
        return False
    if not place.named or (place.hop == "upstream" and cause.layer == "upstream"):
        return True
    said = " ".join((cause.name, finding.summary, *finding.evidence, *finding.remedy)).lower()
    return any(word in said for word in place.named)


def _line(cause: Cause, finding: Finding, names: frozenset[str], facts: Facts) -> bool:
    """Whether an experiment proved the very line that a finding speaks of."""
    lines = (p for p in facts.places if p.proved and p.line and names & set(p.checks))
    return cause.layer == "corefile" and any(agrees(cause, finding, place) for place in lines)


def proved_by(cause: Cause, finding: Finding, places: Iterable[Place]) -> list[str]:
    """The pairs of answers that prove a finding."""
    fitting = [p for p in places if p.proved and p.proof and agrees(cause, finding, p)]
    return list(dict.fromkeys(f"{place.question}, {place.proof}" for place in fitting))
