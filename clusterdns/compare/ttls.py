"""TTLs of two runs, compared although caches let them run down.

Looked at is the longest TTL that a server gave the records of one owner and type in one section, in
answers that are authoritative. It is lower when it is lower than the longest of before also in
answers that no cache can have kept (asked with DO, CD and both). It is higher when it is above
that of before, and above all that the same zone had then: what one name had may have run down.
Names outside the cluster's zone and the reverse zones are asked so in every run.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clusterdns.compare.answers import Again, Found, spread
from clusterdns.compare.content import Content
from clusterdns.compare.differences import Difference
from clusterdns.compare.memory import Spot, Table
from clusterdns.compare.roles import FRESH, ZONE

MOST_ASKED = 10  # units of one zone, server and change that are asked again
REVERSE = ("in-addr.arpa.", "ip6.arpa.")


class Unit(NamedTuple):
    """Whose TTL: the records of one type that an owner has in a section of a server's answers."""

    server: str
    section: str
    rdtype: str
    owner: str

    @property
    def group(self) -> tuple[str, str, str, str]:
        """Whose TTL should be the same: all records of the zone, or this owner alone."""
        return (*self[:3], zone_of(self.owner))

    @property
    def is_in_zone(self) -> bool:
        """Whether it is a record of the cluster's zone or of a reverse zone."""
        return zone_of(self.owner) != self.owner


def zone_of(owner: str) -> str:
    """The cluster's zone, "reverse", or the owner itself."""
    if owner.endswith(ZONE):
        return ZONE
    is_reverse = owner.startswith("<reverse") or owner.endswith(REVERSE)
    return "reverse" if is_reverse else owner


class Longest:
    """The longest TTLs of a run, and what the records of a zone have."""

    def __init__(self, contents: Mapping[Spot, Iterable[Content]]) -> None:
        self.ttls: dict[Unit, int] = {}
        self.spots: dict[Unit, list[Spot]] = defaultdict(list)
        relayed: set[tuple[str, str]] = set()
        for spot, found in contents.items():
            seen: set[Unit] = set()
            for content in {id(c): c for c in found}.values():
                if not content.authoritative:
                    relayed |= {(spot[2], e.owner) for _, s in content.sections for e in s}
                for unit, ttl in _units(spot[2], content):
                    self.ttls[unit] = max(ttl, self.ttls.get(unit, 0))
                    seen.add(unit)
            for unit in seen:
                self.spots[unit].append(spot)
        # What a cache has kept has AA, also where whoever was asked first did not set it.
        self.ttls = {u: t for u, t in self.ttls.items() if (u.server, u.owner) not in relayed}
        groups: dict[tuple[str, str, str, str], Counter[int]] = defaultdict(Counter)
        for unit, ttl in self.ttls.items():
            groups[unit.group][ttl] += 1
        self.usual = {group: ttls.most_common(1)[0][0] for group, ttls in groups.items()}
        self.longest = {group: max(ttls) for group, ttls in groups.items()}

    def is_whole(self, unit: Unit) -> bool:
        """Whether it is known as no cache has kept it."""
        return any(spot[0].endswith(FRESH) for spot in self.spots[unit])


def _units(server: str, content: Content) -> Iterable[tuple[Unit, int]]:
    if content.authoritative:
        for name, section in content.sections:
            for entry in section:
                yield Unit(server, name, entry.rdtype, entry.owner), entry.ttl


def ttl_differences(before: Table, now: Table, again: Again) -> tuple[Found, int]:
    """The TTLs that have changed, and how many that seemed to have had only run down."""
    old, new = Longest(before.contents), Longest(now.contents)
    suspects = [unit for unit in new.ttls if unit in old.ttls and _suspect(unit, old, new)]
    alike: dict[tuple[object, ...], list[Unit]] = defaultdict(list)
    for unit in suspects:
        alike[unit.group, old.ttls[unit], new.ttls[unit]].append(unit)
    some = [unit for units in alike.values() for unit in spread(units, MOST_ASKED)]
    wanted = sorted({spot for asked in some for spot in new.spots[asked][:1]})
    fresh = Longest(again(wanted, True)) if wanted else Longest({})
    for units in alike.values():
        seen = {fresh.ttls[u] for u in spread(units, MOST_ASKED) if u in fresh.ttls}
        if len(seen) == 1:  # so it is for all that are alike
            fresh.ttls |= dict.fromkeys(units, seen.pop())
    found: Found = defaultdict(list)
    for unit in suspects:
        was, is_now = old.ttls[unit], new.ttls[unit]
        sure = fresh.ttls.get(unit)
        if sure is None or (sure >= was if is_now < was else sure <= was):
            continue
        shown = max(was, old.usual[unit.group]) if unit.is_in_zone else was
        found[Difference("ttl", f"{shown} s", f"{sure} s"),] += new.spots[unit]
    told = {unit for unit in suspects if any(new.spots[unit][0] in some for some in found.values())}
    return dict(found), len(suspects) - len(told)


def _suspect(unit: Unit, old: Longest, new: Longest) -> bool:
    was, is_now = old.ttls[unit], new.ttls[unit]
    if is_now <= was:
        return is_now < was
    if unit.is_in_zone:
        return is_now > old.longest[unit.group]
    return old.is_whole(unit)
