"""Rules that no question comes to, and rules that let none through.

Plugins are asked in the order in which CoreDNS was built (plugin.cfg), whatever the order of the
lines; uses of one plugin in the order of theirs. Truth is in each plugin's ServeDNS.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clusterdns.corefile.directives import Version, directives
from clusterdns.corefile.finding import Finding, place_in_words
from clusterdns.corefile.model import Plugin, ServerBlock
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.settings import (
    absolute,
    forward_of,
    is_reverse,
    is_within,
    kubernetes_of,
    shadows,
    zones_of,
)

# Those that answer, in the order of plugin.cfg; it was the same in every version.
FORWARDING = ("proxy", "forward", "grpc")
SERVING = ("template", "hosts", "k8s_external", "kubernetes", "file", "secondary", "etcd")
ANSWERING = (*SERVING, *FORWARDING)
ADDRESSES = ("A", "ANY")
# Patterns that match every name.
EVERYTHING = re.compile(r"\^?\(?(\.[*+]?)\)?\$?|\^")
TEMPLATE_FAILS: Version = (1, 9, 3)  # before, a name without a match did not exist


@dataclass(frozen=True)
class Rule:
    """A use of an answering plugin: for which zones and types, and what it lets go on."""

    plugin: Plugin
    zones: tuple[str, ...]
    through: tuple[str, ...] = ()  # zones of which it lets unknown names go on
    rrtype: str = "ANY"
    whole: bool = False  # it knows every name of its zones

    @property
    def words(self) -> str:
        """The rule as it begins in the Corefile."""
        zone = self.plugin.args[:1] if self.plugin.name in FORWARDING else ()
        return " ".join((self.plugin.name, *zone))

    def ends(self, zone: str) -> bool:
        """Whether it lets not every name of this zone go on to the next one."""
        if not any(is_within(zone, one) for one in self.zones):
            return False
        return self.whole or not any(is_within(zone, one) for one in self.through)

    def shares_type(self, other: "Rule") -> bool:
        """Whether some questions are of both their types."""
        return "ANY" in (self.rrtype, other.rrtype) or self.rrtype == other.rrtype


def unreached(reading: Reading, version: Version) -> Iterator[Finding]:
    """What this Corefile says in vain, and what keeps questions from the rules behind it."""
    if version >= directives().plugins["forward"].once:  # before, it is an error
        yield from second_forwards(reading)
    for block in reading.blocks:
        yield from _foreign_zones(block, reading)
        yield from _swallowing(block, version)
        yield from _upper_case(block)


def second_forwards(reading: Reading) -> Iterator[Finding]:
    """A ``forward`` behind one that takes all its questions: they are asked in their order."""
    for block in reading.blocks:
        for use, before in _pairs(block):
            zone = forward_of(use).zone
            where = place_in_words(before.line, beside=use.line)
            message = (
                f"'{use.name} {' '.join(use.args[:3])}' is never asked: '{before.name} "
                f"{' '.join(before.args[:1])}' in {where} stands before it and takes every question"
            )
            remedy = f"give {zone} a server block of its own"
            if zone == forward_of(before).zone:
                remedy = f"write all upstreams of {zone} into one '{before.name}'"
            yield Finding("advice", use.name, use.line, message, remedy, (before.line,))


def _pairs(block: ServerBlock) -> Iterator[tuple[Plugin, Plugin]]:
    """Each use that no question comes to, and the one before it that takes them all."""
    uses = [one for name in ("forward", "grpc") for one in block.all(name)]
    for at, use in enumerate(uses):
        for before in uses[:at]:
            twice_grpc = before.name == use.name == "grpc"
            if not twice_grpc and shadows(forward_of(before), forward_of(use), block):
                yield use, before
                break


def _foreign_zones(block: ServerBlock, reading: Reading) -> Iterator[Finding]:
    """Rules for zones of which no question comes to their block."""
    if block.has("view") or any(key.unresolved for key in block.keys):
        return
    for rule in _rules(block):
        zones = [zone for zone in rule.zones if not is_reverse(zone)]
        if not zones or any(map(lambda zone: _arrives(zone, block, reading), zones)):
            continue
        taking = reading.block_for(zones[0], min(block.ports))
        named = ", ".join(zones)
        if taking is None or taking is block:
            message = f"'{rule.plugin.name}' is for {named}, of which no question comes here"
            also: tuple[int, ...] = ()
        else:
            where = place_in_words(taking.line, beside=rule.plugin.line)
            message = (
                f"'{rule.plugin.name}' is for {named}, of which all questions go to the block in "
                f"{where}"
            )
            also = (taking.line,)
        remedy = "write the rule into a server block of that zone"
        yield Finding("advice", rule.plugin.name, rule.plugin.line, message, remedy, also)


def _arrives(zone: str, block: ServerBlock, reading: Reading) -> bool:
    """Whether some question for names of a zone can come to a block."""
    for key in block.keys:
        for own in key.zones:
            if is_within(own, zone):
                return True
            if is_within(zone, own) and not _taken_over(zone, own, key.port, block, reading):
                return True
    return False


def _taken_over(zone: str, own: str, port: int, block: ServerBlock, reading: Reading) -> bool:
    """Whether another block has a longer zone that holds this one."""
    for other in reading.blocks:
        if other is block or other.has("view") or other.has("bind") or block.has("bind"):
            continue
        for key in other.keys:
            longer = any(
                is_within(zone, one) and is_within(one, own) and absolute(one) != absolute(own)
                for one in key.zones
            )
            if key.port == port and key.scheme == block.keys[0].scheme and longer:
                return True
    return False


def swallowers(block: ServerBlock) -> Iterator[tuple[Rule, list[Rule]]]:
    """Rules that keep questions from others that are for the same names, and those others."""
    rules = list(_rules(block))
    for at, rule in enumerate(rules):
        if rule.plugin.name in FORWARDING:
            continue
        behind = [one for one in rules[at + 1 :] if rule.shares_type(one) and _loses(one, rule)]
        if behind:
            yield rule, behind


def _swallowing(block: ServerBlock, version: Version) -> Iterator[Finding]:
    """Rules without ``fallthrough`` before others that serve the same names."""
    for rule, behind in swallowers(block):
        lost = ", ".join(
            f"'{one.words}' ({place_in_words(one.plugin.line, beside=rule.plugin.line)})"
            for one in behind[:3]
        )
        name, kind = rule.plugin.name, "" if rule.rrtype == "ANY" else f"{rule.rrtype} "
        if rule.whole:
            what = f"answers every {kind}question for {', '.join(rule.zones)}"
            remedy = "narrow its zones or its 'match'"
        elif name == "kubernetes":
            what = f"answers for all names of {', '.join(rule.zones)}, and denies those that it "
            what += "does not know"
            remedy = "name its zones, such as 'kubernetes cluster.local in-addr.arpa ip6.arpa'"
            if rule.plugin.args:
                remedy = "give the zone to one of them"
        else:
            through = ", ".join(rule.through)
            what = f"has no 'fallthrough'{f' but for {through}' if through else ''}: "
            what += f"{kind}questions for names that it does not {_knows(name)} "
            what += _given(name, version)
            remedy = "add 'fallthrough'" if name in ("template", "hosts", "etcd") else ""
            remedy = remedy or "name its zones, or give it a server block of its own"
            remedy = "write 'fallthrough' without zones" if through else remedy
        message = f"'{name}' {what}; they do not come to {lost}"
        also = tuple(one.plugin.line for one in behind)
        yield Finding("advice", name, rule.plugin.line, message, remedy, also)


def _knows(name: str) -> str:
    return "match" if name == "template" else "have"


def _given(name: str, version: Version) -> str:
    if name == "hosts" or (name == "template" and version >= TEMPLATE_FAILS):
        return "get SERVFAIL"
    return "are denied"


def _loses(later: Rule, rule: Rule) -> bool:
    """Whether a rule behind another one misses questions for a zone that it is for."""
    if later.plugin.name in FORWARDING:
        return bool(later.plugin.args) and all(map(rule.ends, later.zones))
    if later.plugin.name == rule.plugin.name != "template":
        return False  # a second use, of which another rule speaks
    return any(rule.ends(zone) for zone in later.zones if not is_reverse(zone))


def _rules(block: ServerBlock) -> Iterator[Rule]:
    """The answering rules of a block in the order in which they are asked."""
    for name in ANSWERING:
        for plugin in block.all(name):
            yield _rule(plugin, block)


def _rule(plugin: Plugin, block: ServerBlock) -> Rule:
    fallthrough = plugin.option("fallthrough")
    through = () if fallthrough is None else zones_of(fallthrough.args) or (".",)
    if plugin.name in FORWARDING:
        zone = next(iter(zones_of(plugin.args[:1])), ".")
        inner = tuple(one for one in block.zones if is_within(one, zone))
        return Rule(plugin, inner or (zone,))
    if plugin.name == "kubernetes":
        settings = kubernetes_of(plugin, block)
        return Rule(plugin, settings.zones, settings.fallthrough)
    if plugin.name == "template":
        return _template(plugin, block, through)
    words = plugin.args[1:] if plugin.name in ("hosts", "file") else plugin.args
    return Rule(plugin, zones_of(words) or block.zones, through)


def _template(plugin: Plugin, block: ServerBlock, through: tuple[str, ...]) -> Rule:
    classes, rrtype = plugin.args[:1], "".join(plugin.args[1:2]).upper() or "ANY"
    zones = zones_of(plugin.args[2:]) or block.zones
    patterns = [word for option in plugin.all("match") for word in option.args]
    whole = not patterns or any(EVERYTHING.fullmatch(one) for one in patterns)
    if classes and classes[0].upper() not in ("IN", "ANY"):
        return Rule(plugin, zones, (".",), rrtype)
    if whole and not _hurts(plugin, rrtype):
        return Rule(plugin, zones, (".",), rrtype)  # as one answers that there is no such address
    return Rule(plugin, zones, through, rrtype, whole)


def _hurts(plugin: Plugin, rrtype: str) -> bool:
    """Whether an answer to all names of a type keeps programs from other types as well."""
    rcode = next((one.args[0].upper() for one in plugin.all("rcode") if one.args), "NOERROR")
    return rrtype in ADDRESSES or rcode != "NOERROR"


def _upper_case(block: ServerBlock) -> Iterator[Finding]:
    """Zones with capital letters: CoreDNS looks names up in lower case (core/dnsserver)."""
    for key in block.keys:
        if not key.unresolved and any(zone != zone.lower() for zone in key.zones):
            message = f"no question comes to {key.text!r}: CoreDNS looks for zones in lower case"
            yield Finding("advice", "", key.line, message, "write it in lower case")
