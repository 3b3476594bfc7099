"""Remedies that last: an edit of somebody's object becomes one of the place where it belongs."""

import re
from collections.abc import Iterator
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.inventory.owner_places import Owner
from clusterdns.report.model import Diagnosis

# A command of ours that changes an object, and the note behind it.
CHANGES = re.compile(
    r"kubectl (?:--context \S+ )?-n (?P<home>\S+) "
    r"(?:(?P<edit>edit)|patch|scale|label|set image|set resources) "
    r"(?P<object>(?:configmap|deployment|daemonset|service)/[^\s;:,)]+)"
)
NOTE = "  # "


def lasting(found: Diagnosis, facts: Facts) -> Diagnosis:
    """A diagnosis whose remedy names where a change lasts; as it is where nobody owns anything."""
    if not facts.owned:
        return found
    lines: list[str] = []
    for line in found.remedy:
        lines += [one for one in _lines(line, facts) if one not in lines]
    return replace(found, remedy=tuple(lines))


def _lines(line: str, facts: Facts) -> Iterator[str]:
    match = CHANGES.search(line)
    owner = facts.owned.get(f"{match['home']} {match['object']}") if match else None
    passing = line.startswith("beware: ")  # what is to be done while a roll-out takes place
    if match is None or owner is None or passing:
        yield line
        return
    if not owner.place:
        yield line
        yield beware(match["object"], owner) + (f"; {owner.key}" if owner.key else "")
        return
    yield _moved(line, match, owner, facts)
    if owner.adds_only:
        yield f"what does it until then, where a line must change: {line}"
    yield beware(match["object"], owner)


def _moved(line: str, match: re.Match[str], owner: Owner, facts: Facts) -> str:
    """The same change at the owner's place."""
    before, behind = line[: match.start()], line[match.end() :]
    place = owner.place.replace("{kubectl}", facts.kubectl)
    what = behind.strip().removeprefix("#").strip()
    if not match["edit"]:
        ours = line[match.start() :].partition(NOTE)
        what = f"what this does until then: {ours[0]}" + (f" ({ours[2]})" if ours[2] else "")
    told = "; ".join(filter(None, (owner.key, what)))
    if before.strip() and not before.rstrip().endswith(":"):
        before = f"{before.strip()}: "
    return f"{before}{place}{_joint(place)}{told}" if told else f"{before}{place}"


def _joint(place: str) -> str:
    """What stands between a place and what is to be done there: a command gets a comment."""
    first = place.partition(" ")[0]
    return NOTE if first in ("kubectl", "aws", "kops") else ": "


def beware(thing: str, owner: Owner) -> str:
    """Who owns an object, by what sign, and what becomes of an edit of it."""
    return f"beware: {thing} belongs to {owner.name} ({owner.why}): {owner.undone}"
