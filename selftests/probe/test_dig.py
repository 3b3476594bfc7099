"""The fallback: which questions dig can ask, and what its text of many versions means."""

import dataclasses

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from clusterdns.probe import Packet
from clusterdns.probe.dig_text import (
    NotExpressibleError,
    Version,
    batch_line,
    dig_command,
    parse_dig,
    was_asked,
)

WEB = "web.a.svc.cluster.local."
QUERY = dns.message.make_query(WEB, "A")
PACKET = Packet(QUERY.to_wire(), "10.96.0.10", timeout=2.0)

HEAD = """
; <<>> DiG {version} <<>> -p 53 @10.96.0.10 -q web.a.svc.cluster.local. -t A -c IN
; (1 server found)
;; global options: +cmd
;; Got answer:
"""
# One answer as three generations of dig print it: without EDNS, with the old form of unknown EDNS
# flags, and with what newer versions say of .local, of cookies and of the transport.
ANSWERS = {
    "9.9.5-9+deb8u19-Debian": """;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 22216
;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 0
;; WARNING: recursion requested but not available

;; QUESTION SECTION:
;web.a.svc.cluster.local.\t\tIN\tA

;; ANSWER SECTION:
web.a.svc.cluster.local. 30\tIN\tA\t10.0.0.8
web.a.svc.cluster.local. 30\tIN\tA\t10.0.0.7

;; Query time: 1 msec
;; SERVER: 10.96.0.10#53(10.96.0.10)
;; WHEN: Mon Feb 29 20:27:58 UTC 2016
;; MSG SIZE  rcvd: 119

""",
    "9.10.3-P4-Ubuntu": """;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 42376
;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; MBZ: 0005 , udp: 512
;; QUESTION SECTION:
;web.a.svc.cluster.local.        IN      A

;; ANSWER SECTION:
web.a.svc.cluster.local. 30      IN      A       10.0.0.7
web.a.svc.cluster.local. 30      IN      A       10.0.0.8

;; Query time: 1 msec
;; SERVER: 10.96.0.10#53(10.96.0.10)
;; WHEN: Sun Feb 07 10:14:00 PST 2016
;; MSG SIZE  rcvd: 123
""",
    "9.18.49-1~deb12u1-Debian": """;; WARNING: .local is reserved for Multicast DNS
;; You are currently testing what happens when an mDNS query is leaked to DNS
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 36078
;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1
;; WARNING: recursion requested but not available

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags: do; udp: 1232
; COOKIE: 4e0c2ba25f8e7f2d (echoed)
;; QUESTION SECTION:
;web.a.svc.cluster.local.\tIN\tA

;; ANSWER SECTION:
web.a.svc.cluster.local. 30 IN\tA\t10.0.0.7
web.a.svc.cluster.local. 30 IN\tA\t10.0.0.8

;; Query time: 1 msec
;; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)
;; WHEN: Mon Nov 23 01:49:28 UTC 2026
;; MSG SIZE  rcvd: 131

""",
}
NEGATIVE = """;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 26095
;; flags: qr aa tc rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 0

;; QUESTION SECTION:
;nope.cluster.local.\t\tIN\tA

;; AUTHORITY SECTION:
cluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. host.cluster.local. 17 7200 1800 86400 30

;; Query time: 0 msec
;; SERVER: fd00::a#53(fd00::a) (TCP)
"""
FAILURES = {
    ";; connection timed out; no servers could be reached\n": "timeout",
    ";; communications error to 10.0.0.1#53: timed out\n"
    ";; no servers could be reached\n": "timeout",
    ";; communications error to 10.0.0.1#53: connection refused\n"
    ";; no servers could be reached\n": "refused",
    ";; Connection to 10.0.0.1#53(10.0.0.1) for x. failed: connection refused.\n": "refused",
    ";; Connection to 10.0.0.1#53(10.0.0.1) for x. failed: timed out.\n": "timeout",
    ";; UDP setup with fd00::1#53(fd00::1) for x. failed: network unreachable.\n": "unreachable",
    ";; communications error to 10.0.0.1#53: end of file\n": "closed",
    ";; communications error: connection reset\n": "reset",
    ";; reply from unexpected source: 10.0.0.9#53, expected 10.96.0.10#53\n"
    ";; connection timed out; no servers could be reached\n": "wrong source 10.0.0.9:53",
    ";; Warning: ID mismatch: expected ID 1, got 2\n"
    ";; connection timed out; no servers could be reached\n": "wrong id",
    ";; Got bad packet: FORMERR\n12 bytes\n00 00\n": "malformed: FORMERR",
    "Invalid option: +nosuch\n": "dig: Invalid option: +nosuch",
}


@pytest.mark.parametrize("version", ANSWERS)
def test_every_generation_of_dig_is_understood(version: str) -> None:
    """An answer must give the same message, whatever dig prints around it."""
    reply = parse_dig(HEAD.format(version=version) + ANSWERS[version], 0, PACKET)
    message = dns.message.from_wire(reply.wire or b"")
    assert (message.id, message.flags) == (QUERY.id, dns.flags.from_text("QR AA RD"))
    assert message.question == QUERY.question
    assert {rdata.to_text() for rdata in message.answer[0]} == {"10.0.0.7", "10.0.0.8"}
    assert (message.answer[0].ttl, len(message.answer)) == (30, 1)
    assert (reply.ms, reply.source) == (1.0, "10.96.0.10:53")


def test_edns_is_kept() -> None:
    """Payload size and DO must come through."""
    text = "9.18.49-1~deb12u1-Debian"
    reply = parse_dig(HEAD.format(version=text) + ANSWERS[text], 0, PACKET)
    message = dns.message.from_wire(reply.wire or b"")
    assert (message.edns, message.payload, message.ednsflags) == (0, 1232, dns.flags.DO)


def test_a_denial_keeps_its_soa_and_flags() -> None:
    """NXDOMAIN, TC and the authority section must come through, and an IPv6 source too."""
    reply = parse_dig(HEAD.format(version="9.18") + NEGATIVE, 0, PACKET)
    message = dns.message.from_wire(reply.wire or b"")
    assert message.rcode() == dns.rcode.NXDOMAIN
    assert message.flags & dns.flags.TC
    assert message.authority[0][0].minimum == 30
    assert reply.source == "[fd00::a]:53"


@pytest.mark.parametrize(("text", "error"), FAILURES.items())
def test_a_failure_is_named_as_the_relay_names_it(text: str, error: str) -> None:
    """Callers must not need to know who asked."""
    reply = parse_dig(text, 9, PACKET)
    assert (reply.wire, reply.error) == (None, error)


def test_a_plain_question_in_digs_words() -> None:
    """All that dig would add or change by default must be switched off."""
    command = dig_command(PACKET, Version(9, 18))
    options = "+tries=1 +time=2 +ignore +nosearch +notcp +recurse +noadflag +nocdflag +noedns"
    assert " ".join(command) == f"dig -p 53 @10.96.0.10 -q {WEB} -t A -c IN {options}"


@pytest.mark.parametrize(
    ("version", "cookie"),
    [((9, 9), set()), ((9, 10), {"+nosit"}), ((9, 11), {"+nocookie"}), ((9, 20), {"+nocookie"})],
    ids=str,
)
def test_an_edns_question_in_digs_words(version: tuple[int, int], cookie: set[str]) -> None:
    """EDNS as asked for, and no cookie, in the words of each version."""
    query = dns.message.make_query("x.", "SVCB", use_edns=0, payload=1232, want_dnssec=True)
    query.flags = dns.flags.from_text("AD CD")
    packet = Packet(query.to_wire(), "fd00::a", 5353, "tcp", 0.2, source_port=4000)
    command = dig_command(packet, Version(*version))
    expected = {"+edns=0", "+bufsize=1232", "+dnssec", "+tcp", "+norecurse", "+adflag", "+cdflag"}
    assert expected | cookie <= set(command)
    assert ("+nocookie" in command, "+nosit" in command) == (
        "+nocookie" in cookie,
        "+nosit" in cookie,
    )
    assert command[:5] == ["dig", "-p", "5353", "-b", "::#4000"]
    assert "TYPE64" in command
    assert "+time=1" in command


def test_what_dig_cannot_say_is_refused() -> None:
    """Other bytes must not be turned into another question quietly."""
    update = dns.message.make_query(WEB, "A")
    update.set_opcode(dns.opcode.NOTIFY)
    two = dns.message.make_query(WEB, "A")
    two.question *= 2
    option = dns.message.make_query(
        WEB,
        "A",
        use_edns=0,
        options=[dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"x")],
    )
    transfer = dns.message.make_query(WEB, "AXFR")
    wires = [message.to_wire() for message in (update, two, option, transfer)]
    wires += [QUERY.to_wire() + b"!", b"", QUERY.to_wire()[:-1]]
    assert [_refused(wire) for wire in wires] == [True] * len(wires)


SENT = """;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 7
;; flags: rd; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;web.a.svc.cluster.local. IN A

;; QUERY SIZE: 42

;; Got answer:
"""
OTHERS = {
    "another flag": SENT.replace("flags: rd", "flags: rd ad"),
    "another type": SENT.replace("IN A", "IN AAAA"),
    "EDNS": SENT.replace(
        ";; QUESTION", ";; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION"
    ),
    "another transport": SENT + ";; SERVER: 10.96.0.10#53(10.96.0.10) (TCP)\n",
    "nothing": "",
}


def test_what_was_asked_is_known() -> None:
    """A batch must only be believed when dig shows that it asked what we wanted."""
    assert was_asked(SENT, PACKET)
    assert {kind: was_asked(text, PACKET) for kind, text in OTHERS.items()} == dict.fromkeys(
        OTHERS, False
    )


def test_a_line_holds_what_dig_reads() -> None:
    """Defaults must be left out, and a line must not be longer than dig reads."""
    assert batch_line(PACKET, Version(9, 18)) == f"-p 53 @10.96.0.10 -q {WEB} -t A +time=2 +noedns"
    query = dns.message.make_query("x.", "SVCB", "CH", use_edns=0, want_dnssec=True)
    query.flags = dns.flags.from_text("AD CD")
    assert batch_line(Packet(query.to_wire(), "fd00::a"), Version(9, 18)) is None
    assert batch_line(dataclasses.replace(PACKET, source_port=4000), Version(9, 18)) is None


def _refused(wire: bytes) -> bool:
    try:
        dig_command(Packet(wire, "10.96.0.10"), Version(9, 18))
    except NotExpressibleError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("DiG 9.9.5-9+deb8u19-Debian", Version(9, 9)),
        ("DiG 9.18.33-1~deb12u2-Debian", Version(9, 18)),
        ("DiG 9.20.4", Version(9, 20)),
    ],
    ids=str,
)
def test_versions(text: str, version: Version) -> None:
    """``dig -v`` of every packager."""
    assert Version.parse(text) == version
