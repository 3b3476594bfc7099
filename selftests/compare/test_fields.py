"""Two answers that differ in one field: it is named, and no other."""

import dns.edns
import dns.message
import pytest

from clusterdns.compare.content import content_of
from clusterdns.compare.differences import Difference, differences

ANSWER = """id 7
opcode QUERY
rcode NOERROR
flags QR AA RD
edns 0
payload 1232
;QUESTION
Web.a.test. IN SRV
;ANSWER
web.a.test. 30 IN SRV 0 50 80 one.web.a.test.
web.a.test. 30 IN SRV 0 50 80 two.web.a.test.
;AUTHORITY
;ADDITIONAL
one.web.a.test. 30 IN A 10.0.0.1
"""
DENIAL = """id 7
opcode QUERY
rcode NXDOMAIN
flags QR AA RD
;QUESTION
none.a.test. IN A
;ANSWER
;AUTHORITY
a.test. 30 IN SOA ns.dns.a.test. hostmaster.a.test. 1790000000 7200 1800 86400 30
;ADDITIONAL
"""
COOKIE = dns.edns.OptionType.COOKIE
COOKIE = dns.edns.OptionType.COOKIE
A = "A in additional"
WHY = "no reachable authority"
FIRST = "SRV 0 50 80 one.web.a.test."
SECOND = "SRV 0 50 80 two.web.a.test."


def compared(before: str, now: str) -> list[Difference]:
    """The differences of two messages in text."""
    return list(differences(*(content_of(dns.message.from_text(text)) for text in (before, now))))


@pytest.mark.parametrize(
    ("old", "new", "field", "before", "now"),
    [
        ("rcode NOERROR", "rcode NXDOMAIN", "rcode", "NOERROR", "NXDOMAIN"),
        ("flags QR AA RD", "flags QR RD RA", "flags", "QR AA RD", "QR RD RA"),
        ("opcode QUERY", "opcode STATUS", "opcode", "QUERY", "STATUS"),
        ("Web.a.test. IN", "web.a.test. IN", "question", *(f"{w}eb.a.test. SRV" for w in "Ww")),
        ("two.web.a.test.", "2.web.a.test.", "answer", SECOND, SECOND.replace("two", "2")),
        ("10.0.0.1", "10.0.0.2", "additional", *(f"one.web.a.test. A 10.0.0.{n}" for n in (1, 2))),
        ("one.web.a.test. 30", "one.web.a.test. 5", "ttl", *(f"{n} s ({A})" for n in (30, 5))),
        ("payload 1232", "payload 4096", "edns-payload", "1232", "4096"),
        ("edns 0\npayload 1232\n", "", "edns", "version 0", "no OPT"),
        ("edns 0", "edns 0\neflags DO", "edns-flags", "none", "DO"),
        (
            "80 one.web.a.test.\nweb.a.test. 30 IN SRV 0 50 80 two.",
            "80 two.web.a.test.\nweb.a.test. 30 IN SRV 0 50 80 one.",
            "order",
            f"{FIRST} > {SECOND}",
            f"{SECOND} > {FIRST}",
        ),
    ],
)  # fmt: skip
def test_one_changed_field_is_named_alone(
    old: str, new: str, field: str, before: str, now: str
) -> None:
    """One change of the text is one difference, with what was there before and what is now."""
    assert old in ANSWER
    assert compared(ANSWER, ANSWER.replace(old, new)) == [Difference(field, before, now)]
    assert compared(ANSWER, ANSWER) == []


@pytest.mark.parametrize(
    ("serials", "found"),
    [
        (("1790000000", "1790000007"), []),
        (("2026010101", "2026010102"), []),
        (("7", "8"), []),
        (("8", "7"), [Difference("soa-serial", "8", "7")]),
        (("7", "1790000000"), [Difference("soa-serial", "7", "the time")]),
    ],
)
def test_a_serial_may_rise(serials: tuple[str, str], found: list[Difference]) -> None:
    """A serial that goes back is a difference, or one that becomes the time."""
    assert compared(*(DENIAL.replace("1790000000", serial) for serial in serials)) == found


def test_options_are_compared_by_what_lasts() -> None:
    """The content of a cookie differs each time; that there is one, and what EDE says, does not."""
    told = []
    given: tuple[list[dns.edns.Option], ...] = (
        [dns.edns.GenericOption(COOKIE, b"12345678")],
        [dns.edns.GenericOption(COOKIE, b"abcdefgh")],
        [dns.edns.EDEOption(dns.edns.EDECode.NO_REACHABLE_AUTHORITY, WHY)],
    )
    for options in given:
        message = dns.message.from_text(ANSWER)
        message.use_edns(0, payload=1232, options=options)
        told.append(content_of(message))
    assert differences(told[0], told[1]) == ()
    assert differences(told[1], told[2]) == (
        Difference("edns-options", "COOKIE", f"EDE EDE 22 (No Reachable Authority): {WHY}"),
    )


def test_silence_is_a_difference_however_it_came() -> None:
    """No answer against an answer is one; two sorts of silence are none."""
    answer = content_of(dns.message.from_text(ANSWER))
    lost, refused = content_of(None, "timeout"), content_of(None, "connection refused")
    assert differences(lost, refused) == ()
    found = (Difference("answered", "an answer (NOERROR)", "no answer"),)
    assert differences(answer, lost) == found


def test_roles_stand_for_names_that_differ() -> None:
    """Names and addresses of two runs are the same where they have the same role."""
    told = []
    for place, address in (("a", "10.0.0.1"), ("b", "10.9.9.9")):
        text = ANSWER.replace("a.test", f"{place}.test").replace("10.0.0.1", address)
        roles = {f"{place}.test": "<ours>", address: "<one>"}

        def named(text: str, roles: dict[str, str] = roles) -> str:
            for name, role in roles.items():
                text = text.replace(name, role)
            return text

        told.append(content_of(dns.message.from_text(text), named=named))
    assert differences(*told) == ()
