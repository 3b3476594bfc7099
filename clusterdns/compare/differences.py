"""Two answers to the same question, compared field by field: TTL, order, SOA serial and EDNS too.

``differences`` is the one function for it. What is compared only by statistics over many answers
(TTLs that run down in a cache, an order that turns) is switched off by its arguments.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from clusterdns.compare.content import Content, Edns, Entry, is_clock, option_name

MOST = 4  # records that a difference names


class Difference(NamedTuple):
    """One field in which two answers differ, and what each has there, in words.

    ``field``: answered, opcode, rcode, flags, question; answer, authority, additional (records
    that only one of them has); ttl; order; soa-serial; edns, edns-payload, edns-flags,
    edns-options.
    """

    field: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.field}: {self.before} before, {self.now} now"


def differences(
    before: Content, now: Content, *, ttl: bool = True, order: bool = True
) -> tuple[Difference, ...]:
    """All fields in which two answers differ; empty where they say the same.

    Sections are compared as what they hold, and their order by itself: it differs where both have
    the same records in another order. TTLs are compared where the records are the same. A SOA's
    serial differs when it has gone back, or is a time in seconds in one of them only.
    Cookies, padding and NSID are compared by their presence. Of two answers that are truncated the
    answer and additional sections are not compared: which records are in them is left to chance.
    """
    if before == now:
        return ()
    if before.error or now.error:
        if bool(before.error) == bool(now.error):
            return ()
        return (Difference("answered", _whether(before), _whether(now)),)
    return tuple(
        [
            *_plain(before, now),
            *_sections(before, now),
            *(_ttls(before, now) if ttl else ()),
            *(_orders(before, now) if order else ()),
            *_serials(before, now),
            *_edns(before.edns, now.edns),
        ]
    )


def _whether(content: Content) -> str:
    return "no answer" if content.error else f"an answer ({content.rcode})"


def _plain(before: Content, now: Content) -> Iterable[Difference]:
    for field, old, new in (
        ("opcode", before.opcode, now.opcode),
        ("rcode", before.rcode, now.rcode),
        ("flags", before.flags, now.flags),
        ("question", before.echoed, now.echoed),
    ):
        if old != new:
            yield Difference(field, old or "none", new or "none")


def _sections(before: Content, now: Content) -> Iterable[Difference]:
    cut = before.truncated and now.truncated
    for (name, old), (_, new) in zip(before.sections, now.sections, strict=True):
        if old != new and not (cut and name != "authority"):
            gone, came = _only_one_has(old, new, asked_name(now))
            if gone or came:
                yield Difference(name, gone or "nothing more", came or "nothing more")


def asked_name(content: Content) -> str:
    """The name in the question that came back, in lower case."""
    return content.echoed.rpartition(" ")[0].lower()


def _only_one_has(old: tuple[Entry, ...], new: tuple[Entry, ...], asked: str) -> tuple[str, str]:
    before, now = (Counter(_told(e, asked) for e in each) for each in (old, new))
    return listed((before - now).elements()), listed((now - before).elements())


def _told(entry: Entry, asked: str) -> str:
    """A record in words, without its owner where that is the name that was asked for."""
    return f"{entry.rdtype} {entry.data}" if entry.owner == asked else entry.words


def listed(words: Iterable[str]) -> str:
    """Some of these, sorted, and how many more there are."""
    every = sorted(words)
    more = f" and {len(every) - MOST} more" if len(every) > MOST else ""
    return ", ".join(every[:MOST]) + more


def _ttls(before: Content, now: Content) -> Iterable[Difference]:
    for (name, old), (_, new) in zip(before.sections, now.sections, strict=True):
        was = {entry.words: entry.ttl for entry in old}
        changed = {
            (entry.rdtype, was[entry.words], entry.ttl)
            for entry in new
            if was.get(entry.words, entry.ttl) != entry.ttl
        }
        for rdtype, old_ttl, new_ttl in sorted(changed):
            place = f"{rdtype} in {name}"
            yield Difference("ttl", f"{old_ttl} s ({place})", f"{new_ttl} s ({place})")


def _orders(before: Content, now: Content) -> Iterable[Difference]:
    for (_, old), (_, new) in zip(before.sections, now.sections, strict=True):
        name = asked_name(now)
        was, is_now = ([_told(e, name) for e in each] for each in (old, new))
        if was != is_now and sorted(was) == sorted(is_now):
            yield Difference("order", in_order(was), in_order(is_now))


def in_order(words: list[str]) -> str:
    """The first records of a section, one after the other."""
    return " > ".join(words[:MOST]) + (" > ..." if len(words) > MOST else "")


def _serials(before: Content, now: Content) -> Iterable[Difference]:
    for old, new in zip(before.serials, now.serials, strict=False):
        if is_clock(old) != is_clock(new):
            yield Difference("soa-serial", serial_kind(old), serial_kind(new))
        elif not is_clock(old) and new < old:
            yield Difference("soa-serial", str(old), str(new))


def serial_kind(serial: int) -> str:
    """What sort of serial it is: the time, or a number that somebody gave it."""
    return "the time" if is_clock(serial) else str(serial)


def _edns(before: Edns, now: Edns) -> Iterable[Difference]:
    if before == now:
        return
    if before.version != now.version:
        words = [f"version {e.version}" if e.version >= 0 else "no OPT" for e in (before, now)]
        yield Difference("edns", *words)
        return
    if before.payload != now.payload:
        yield Difference("edns-payload", str(before.payload), str(now.payload))
    if before.flags != now.flags:
        yield Difference("edns-flags", before.flags or "none", now.flags or "none")
    if before.options != now.options:
        yield Difference("edns-options", _options(before), _options(now))


def _options(edns: Edns) -> str:
    return ", ".join(f"{option_name(c)} {text}".strip() for c, text in edns.options) or "none"
