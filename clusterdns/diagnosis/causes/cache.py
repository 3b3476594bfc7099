"""Answers that are kept too long, or guessed."""

import re

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.scopes import Scope, about

LONG_S = 60


@cause("denial-too-long", "cache")
def too_long(facts: Facts) -> Finding | None:
    """Denials are kept for minutes."""
    cache = facts.reading.cache(".") if facts.reading else None
    if cache is None or not cache.keeps(".", negative=True):
        return None
    told = [
        line
        for trouble in facts.troubles_about("corefile-advice")
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
        Scope(about("corefile-advice", "denial-ttl")),
    )
