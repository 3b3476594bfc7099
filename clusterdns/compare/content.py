"""What an answer says, field by field, in a form that two answers can be compared in.

What is never the same twice is not in it: the id, the size, the case of names in records, cookies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.SOA import SOA

# EDNS options whose content is made anew by each server or for each answer: cookies, padding, the
# name of the server, timeouts (RFC 7873, 7830, 5001, 7828).
UNSTABLE_OPTIONS = (10, 12, 3, 11)
CLOCK = range(1_000_000_000, 2_147_483_648)  # serials that are seconds since 1970, from 2001 on


class Entry(NamedTuple):
    """One record: owner and data as text, names in lower case; a SOA's serial as "serial"."""

    owner: str
    rdtype: str
    ttl: int
    data: str

    @property
    def words(self) -> str:
        """The record without its TTL."""
        return f"{self.owner} {self.rdtype} {self.data}"


class Edns(NamedTuple):
    """The OPT record: version, buffer size in octets, its flags, and code and content of options.

    Without an OPT record the version is -1.
    """

    version: int = -1
    payload: int = 0
    flags: str = ""
    options: tuple[tuple[int, str], ...] = ()


NO_EDNS = Edns()


@dataclass(frozen=True)
class Content:
    """One answer, or the lack of one: then only ``error`` is set.

    The sections are in the order in which they came. ``serials`` are those of SOA records.
    """

    error: str = ""
    opcode: str = ""
    rcode: str = ""
    flags: str = ""
    echoed: str = ""  # the question that came back, its name in its case
    answer: tuple[Entry, ...] = ()
    authority: tuple[Entry, ...] = ()
    additional: tuple[Entry, ...] = ()
    edns: Edns = NO_EDNS
    serials: tuple[int, ...] = ()

    @property
    def authoritative(self) -> bool:
        """Whether it comes from whoever knows: what somebody else said has a TTL that runs down."""
        return "AA" in self.flags.split()

    @property
    def truncated(self) -> bool:
        """Whether it is cut short: which records are in it is then left to the server."""
        return "TC" in self.flags.split()

    @property
    def sections(self) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
        """The three sections by their names."""
        return (
            ("answer", self.answer),
            ("authority", self.authority),
            ("additional", self.additional),
        )


def content_of(
    message: dns.message.Message | None, error: str = "", named: Callable[[str], str] = str
) -> Content:
    """What a reply says; None is no reply, and ``error`` why.

    ``named`` puts what stands for a role ("our first namespace") in place of names and addresses
    that differ from run to run; it is given owners, data and the question as text.
    """
    if message is None:
        return Content(error=error or "no answer")
    asked = ", ".join(f"{q.name} {dns.rdatatype.to_text(q.rdtype)}" for q in message.question)
    sections = (message.answer, message.authority, message.additional)
    answer, authority, additional = (_entries(section, named) for section in sections)
    return Content(
        opcode=dns.opcode.to_text(message.opcode()),
        rcode=dns.rcode.to_text(message.rcode()),
        flags=dns.flags.to_text(message.flags),
        echoed=named(asked),
        answer=answer,
        authority=authority,
        additional=additional,
        edns=_edns(message),
        serials=tuple(rdata.serial for s in sections for r in s for rdata in r if _is_soa(rdata)),
    )


def _is_soa(rdata: object) -> bool:
    return isinstance(rdata, SOA)


def _entries(section: list[dns.rrset.RRset], named: Callable[[str], str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            named(rrset.name.to_text().lower()),
            dns.rdatatype.to_text(rrset.rdtype),
            rrset.ttl,
            named(_data(rdata, rrset.rdtype)),
        )
        for rrset in section
        for rdata in rrset
    )


def _data(rdata: object, rdtype: int) -> str:
    text = str(rdata)
    if isinstance(rdata, SOA):
        words = text.lower().split()
        return " ".join([*words[:2], "serial", *words[3:]])
    return text if rdtype == dns.rdatatype.TXT else text.lower()


def _edns(message: dns.message.Message) -> Edns:
    if message.edns < 0:
        return NO_EDNS
    options = tuple(
        sorted(
            (int(o.otype), "" if int(o.otype) in UNSTABLE_OPTIONS else o.to_text())
            for o in message.options
        )
    )
    flags = dns.flags.edns_to_text(message.ednsflags & 0xFFFF)
    return Edns(message.edns, int(message.payload), flags, options)


@lru_cache(maxsize=64)
def option_name(code: int) -> str:
    """The name of an EDNS option, such as EDE; its number where it has none."""
    return dns.edns.OptionType.to_text(dns.edns.OptionType.make(code))


def is_clock(serial: int) -> bool:
    """Whether a SOA's serial is the time, in seconds: it then differs from second to second."""
    return serial in CLOCK
