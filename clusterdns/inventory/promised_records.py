"""One promise of a rule of the Corefile, and those whose answers are written down.

Entries of ``hosts``, records of ``file`` and fixed answers of ``template`` (README of each plugin).
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Literal

import dns.exception
import dns.rdatatype
import dns.rrset
import dns.zone

from clusterdns.corefile.finding import place_in_words
from clusterdns.corefile.model import Plugin, ServerBlock
from clusterdns.corefile.settings import absolute, is_within, zones_of
from clusterdns.matrix.answer import in_words
from clusterdns.matrix.expect import Expected, address_record
from clusterdns.matrix.question import Question, Transport
from clusterdns.names import address_type

Kind = Literal["hosts", "rewrite", "file", "template", "stub zone"]
OF_A_ZONE_FILE = 3  # SOA, NS, and one name with addresses
PLAIN = re.compile(r"[a-z0-9_.-]+")
COMMENT = re.compile(r"#.*")


@dataclass(frozen=True)
class Upstream:
    """A server that a zone is forwarded to; ``tls``: it is asked over TLS alone."""

    address: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'tls://' if self.tls else ''}{address}:{self.port}"


@dataclass(frozen=True)
class Promise:
    """One question, the rule that it is for, and what that rule promises.

    One of the three is there: ``expected``, the answer itself (``more``: records beside these may
    come, from a file that is not known); ``target``, a name that has the same records; or
    ``upstreams``, who must know the answer.
    """

    kind: Kind
    question: Question
    plugin: Plugin
    expected: Expected | None = None
    more: bool = False
    target: str = ""
    upstreams: tuple[Upstream, ...] = ()
    transport: Transport = "udp"  # in which upstreams are asked
    taken_by: Plugin | None = None  # the rule that by reading answers instead

    @property
    def rule(self) -> str:
        """The rule as it is found in the Corefile."""
        return f"{self.plugin.name} in {place_in_words(self.plugin.line)}"


# hosts


def of_hosts(
    plugin: Plugin, block: ServerBlock, files: Mapping[str, str], home: str
) -> Iterator[Promise]:
    """Each name of ``hosts``, by family, from the block and from its file where that is known."""
    zones = zones_of(plugin.args[1:]) or block.zones
    found: dict[str, list[str]] = {}
    text = files.get(normpath(join(home, plugin.args[0])), "") if plugin.args else ""
    entries = [(o.name, o.args) for o in plugin.options]
    lines = (COMMENT.sub("", line).split() for line in text.splitlines())
    entries += [(words[0], tuple(words[1:])) for words in lines if words]
    for first, names in entries:
        try:
            address = str(ipaddress.ip_address(first))
        except ValueError:
            continue
        for name in map(absolute, names):
            if any(is_within(name, zone) for zone in zones):
                found.setdefault(name, []).append(address)
    unknown = not plugin.args or not text  # then it is /etc/hosts, or a file that nobody showed
    for name, addresses in found.items():
        for rdtype in sorted({address_type(one) for one in addresses}):
            records = (address_record(name, a) for a in addresses if address_type(a) == rdtype)
            expected = Expected(records=frozenset(records))
            yield Promise("hosts", Question(name, rdtype), plugin, expected, more=unknown)


# file


def of_file(
    plugin: Plugin, block: ServerBlock, files: Mapping[str, str], home: str
) -> Iterator[Promise]:
    """SOA, NS and one address of each zone of ``file``, where that is known and can be read."""
    text = files.get(normpath(join(home, plugin.args[0])), "") if plugin.args else ""
    for origin in (zones_of(plugin.args[1:]) or block.zones) if text else ():
        try:
            zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
        except (dns.exception.DNSException, ValueError):
            continue
        wanted = [(origin, "SOA"), (origin, "NS"), *_addressed(zone, origin)]
        for name, rdtype in wanted[:OF_A_ZONE_FILE]:
            found = zone.get_rrset(name, rdtype)
            if found is not None:
                expected = Expected(records=in_words([found]))
                yield Promise("file", Question(name, rdtype), plugin, expected)


def _addressed(zone: dns.zone.Zone, origin: str) -> Iterator[tuple[str, str]]:
    """Names with addresses that the zone itself answers for: not wildcards, nor what is below."""
    cuts = {
        name.to_text()
        for name, _ in zone.iterate_rdatasets("NS")
        if name.to_text().lower() != origin
    }
    for rdtype in ("A", "AAAA"):
        for name, _ in zone.iterate_rdatasets(rdtype):
            text = name.to_text().lower()
            if "*" not in text and not any(is_within(text, cut) for cut in cuts):
                yield text, rdtype


# template


def of_template(plugin: Plugin, block: ServerBlock) -> Iterator[Promise]:
    """One whose match is one name, or that has none: then its zone's own name is asked."""
    rdtype = "".join(plugin.args[1:2]).upper()
    if plugin.args[:1] not in (("IN",), ("ANY",)) or rdtype not in ("A", "AAAA", "TXT", "CNAME"):
        return
    zones = zones_of(plugin.args[2:]) or block.zones
    patterns = [word for option in plugin.all("match") for word in option.args]
    names = [_exact(one) for one in patterns] if patterns else list(zones)
    rcode = next((o.args[0].upper() for o in plugin.all("rcode") if o.args), "NOERROR")
    lines = [" ".join(option.args) for option in plugin.all("answer")]
    if len(names) != 1 or not names[0] or names[0] == "." or plugin.all("upstream"):
        return
    name = names[0]
    filled = [re.sub(r"\{\{-?\s*\.Name\s*-?\}\}", name, line) for line in lines]
    records = [_record(line) for line in filled]
    if any(one is None or one.rdtype == dns.rdatatype.CNAME for one in records):
        return
    if any(is_within(name, zone) for zone in zones):
        words = in_words([one for one in records if one is not None])
        yield Promise("template", Question(name, rdtype), plugin, Expected(rcode, words))


def _exact(pattern: str) -> str:
    """The one name that an expression matches; empty where it may be several."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return ""
    name = pattern[1:-1].replace("\\.", "\0")
    if "." in name or "\\" in name or not PLAIN.fullmatch(name.replace("\0", ".")):
        return ""
    found = name.replace("\0", ".")
    return found if found.endswith(".") else ""


def _record(line: str) -> dns.rrset.RRset | None:
    words = line.split()
    if len(words) < 5 or "{{" in line or words[2] != "IN":
        return None
    try:
        return dns.rrset.from_text(words[0], int(words[1]), "IN", words[3], " ".join(words[4:]))
    except (dns.exception.DNSException, ValueError):
        return None
