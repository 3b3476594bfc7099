"""Answers that are kept too long, or guessed."""

import re

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.rows import Cell

LONG_S = 60


@cause("negative-cache", "cache")
def negative(facts: Facts) -> Finding | None:
    """That a name does not exist is remembered longer than it takes to make it."""
    cache = facts.reading.cache(f"{facts.domain}.") if facts.reading else None
    if cache is None or not cache.keeps(f"{facts.domain}.", negative=True):
        return None
    kubernetes = facts.reading.kubernetes(f"{facts.domain}.") if facts.reading else None
    kept = cache.seconds(f"{facts.domain}.", True, kubernetes.ttl if kubernetes else None)
    hits = [c for t in facts.failed for c in t.cells if _denied(facts, c)]
    if not hits or kept > LONG_S:
        return None
    return Finding(
        f"A name of the cluster that was asked for before it existed is denied for {kept} s more: "
        "the cache keeps denials.",
        (
            f"cache in the Corefile keeps denials of {facts.domain} for up to {kept} s",
            f"{len(hits)} answers deny names that exist by now",
        ),
        (f"{facts.edit_corefile}  # cache 30 {{ disable denial {facts.domain} }}",),
        Scope((), lambda cell: _denied(facts, cell)),
        "low",
        assumes=1,
        tell_apart=f"ask again after {kept} s: if it is answered then, it was the cache",
    )


def _denied(facts: Facts, cell: Cell) -> bool:
    ours = any(f"{namespace}." in cell.question for namespace in facts.namespaces)
    return ours and "NXDOMAIN" in cell.received and cell.expected.startswith("NOERROR [")


@cause("denial-too-long", "cache", leads_to=("negative-cache",))
def too_long(facts: Facts) -> Finding | None:
    """Denials are kept for minutes."""
    cache = facts.reading.cache(".") if facts.reading else None
    if cache is None or not cache.keeps(".", negative=True):
        return None
    told = [
        line
        for trouble in facts.troubles
        if "test_nothing_in_it" in trouble.name
        for line in trouble.message.splitlines()
        if re.search(r"stays? unknown", line)
    ]
    if cache.denial_cap <= LONG_S or not told:
        return None
    return Finding(
        f"That a name does not exist is kept for up to {cache.denial_cap} s: what was asked for "
        "too early stays away for minutes.",
        (f"cache in the Corefile: denials up to {cache.denial_cap} s", *told[:2]),
        (f"{facts.edit_corefile}  # cache 30, or in its block: denial 9984 30",),
        Scope(("network/test_corefile.py::test_nothing*", "dns/test_apex.py::test_denials*")),
    )


@cause("autopath-wrong", "cache")
def autopath(facts: Facts) -> Finding | None:
    """CoreDNS walks the search list itself, and guesses the namespace of the asker."""
    if facts.reading is None or not facts.reading.has("autopath"):
        return None
    hits = [c for t in facts.failed for c in t.cells if "NXDOMAIN" in c.expected]
    told = [t for t in facts.troubles if "test_search" in t.name]
    if not hits and not told:
        return None
    return Finding(
        "The plug-in autopath answers names on its own guess of the asker's namespace; some "
        "answers are those of other names.",
        ("autopath is in the Corefile", f"{len(hits) + len(told)} answers or lookups deviate"),
        (f"{facts.edit_corefile}  # take autopath out; NodeLocal DNSCache saves more questions",),
        Scope(("network/test_search*::*",), lambda cell: "NXDOMAIN" in cell.expected),
        "medium",
        assumes=1,
    )
