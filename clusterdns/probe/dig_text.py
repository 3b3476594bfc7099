"""A DNS message in dig's words, and dig's text as a DNS message again.

Understood by, and understanding, dig of BIND 9.9 to 9.20 in their classic output.
"""

import re
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from clusterdns.probe.packet import Packet, Reply, Transport

OLD_TYPES = ("A", "AAAA", "ANY", "CNAME", "HINFO", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "TXT")
SECTIONS = {
    "ANSWER SECTION": dns.message.ANSWER,
    "AUTHORITY SECTION": dns.message.AUTHORITY,
    "ADDITIONAL SECTION": dns.message.ADDITIONAL,
}


class NotExpressibleError(ValueError):
    """No dig option makes this message."""


@dataclass(frozen=True)
class Version:
    """The version of BIND as ``dig -v`` tells it; decides which options dig knows."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> "Version":
        """The version in what dig prints, such as ``DiG 9.18.33-1~deb12u2-Debian``."""
        found = re.search(r"DiG (\d+)\.(\d+)", text)
        return cls(int(found[1]), int(found[2])) if found else cls(9, 9)

    @property
    def without_cookie(self) -> list[str]:
        """The option against the cookies (RFC 7873) of dig, if it has one; 9.10 called them SIT."""
        if (self.major, self.minor) < (9, 10):
            return []
        return ["+nosit"] if (self.major, self.minor) == (9, 10) else ["+nocookie"]


def dig_command(packet: Packet, version: Version) -> list[str]:
    """The argv that asks this question. Raises NotExpressibleError."""
    try:
        query = dns.message.from_wire(packet.wire)
    except dns.exception.DNSException as error:
        raise NotExpressibleError("not a well-formed message") from error
    _check(query, packet.wire)
    question = query.question[0]
    flags = query.flags
    seconds = max(1, round(packet.timeout))
    words = ["dig", "-p", str(packet.port)]
    if packet.source_port is not None:
        words += ["-b", f"{'::' if ':' in packet.address else '0.0.0.0'}#{packet.source_port}"]
    words += [f"@{packet.address}", "-q", question.name.to_text()]
    words += ["-t", _type_word(question.rdtype), "-c", _class_word(question.rdclass)]
    words += ["+tries=1", f"+time={seconds}", "+ignore", "+nosearch"]
    words.append("+tcp" if packet.transport == "tcp" else "+notcp")
    words.append("+recurse" if flags & dns.flags.RD else "+norecurse")
    words.append("+adflag" if flags & dns.flags.AD else "+noadflag")
    words.append("+cdflag" if flags & dns.flags.CD else "+nocdflag")
    if query.edns < 0:
        words.append("+noedns")
    else:
        words += ["+edns=0", f"+bufsize={query.payload}", *version.without_cookie]
        if query.ednsflags & dns.flags.DO:
            words.append("+dnssec")
    return words


def batch_command(transport: Transport, version: Version) -> list[str]:
    """The dig that reads batch_line()s; +qr makes it print each question before it is sent.

    The transport is chosen here, because dig overlooks +tcp in a line.
    """
    options = ["+tries=1", "+ignore", "+nosearch", "+noadflag", "+qr", *version.without_cookie]
    return ["dig", *options, "+tcp" if transport == "tcp" else "+notcp", "-f", "-"]


def batch_line(packet: Packet, version: Version) -> str | None:
    """A packet's question as a line for batch_command; None when it does not fit into a line.

    dig reads 13 words of a line and drops the others without a word; -b would stay for all lines.
    """
    full = dig_command(packet, version)
    known = [*batch_command(packet.transport, version), "+recurse", "+nocdflag"]
    known.append("+edns=0")  # +bufsize alone means EDNS
    words = [word for word in full[1:] if word not in known]
    if words[words.index("-c") + 1] == "IN":
        del words[words.index("-c") : words.index("-c") + 2]
    return " ".join(words) if len(words) <= 13 and packet.source_port is None else None


def was_asked(text: str, packet: Packet) -> bool:
    """Whether the question that dig printed (+qr) before it sent it is that of the packet."""
    block = text.split(";; Got answer:", 1)[0]
    other = "(UDP)" if packet.transport == "tcp" else "(TCP)"
    if re.search(rf"^;; SERVER: .* {re.escape(other)}$", text, re.MULTILINE):
        return False
    query = dns.message.from_wire(packet.wire)
    try:
        sent = _message(block)
    except (dns.exception.DNSException, ValueError):
        return False
    return "COOKIE" not in block and (sent.flags, sent.question, sent.edns, sent.ednsflags) == (
        query.flags,
        query.question,
        query.edns,
        query.ednsflags,
    )


def _check(query: dns.message.Message, wire: bytes) -> None:
    known = dns.flags.RD | dns.flags.AD | dns.flags.CD
    if query.opcode() != dns.opcode.QUERY or query.flags & ~known:
        raise NotExpressibleError("header bits")
    if len(query.question) != 1 or query.answer or query.authority or query.additional:
        raise NotExpressibleError("sections")
    if query.edns > 0 or query.options or query.ednsflags & ~dns.flags.DO:
        raise NotExpressibleError("EDNS options")
    if query.question[0].rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
        raise NotExpressibleError("zone transfer")
    if query.to_wire() != wire:
        raise NotExpressibleError("bytes")


def _type_word(rdtype: dns.rdatatype.RdataType) -> str:
    """Types that old digs do not know by name are written as RFC 3597 section 5 has it."""
    word = dns.rdatatype.to_text(rdtype)
    return word if word in OLD_TYPES else f"TYPE{int(rdtype)}"


def _class_word(rdclass: dns.rdataclass.RdataClass) -> str:
    word = dns.rdataclass.to_text(rdclass)
    return word if word in ("IN", "CH", "HS", "ANY") else f"CLASS{int(rdclass)}"


def parse_dig(text: str, exit_code: int | None, packet: Packet) -> Reply:
    """What one dig printed, as the Reply to its packet.

    The message is built again from the text, with the packet's id: names, records, flags and
    rcode are the server's, the bytes are not.
    """
    took = re.search(r"^;; Query time: (\d+) msec", text, re.MULTILINE)
    server = re.search(r"^;; SERVER: ([^#\s]+)#(\d+)", text, re.MULTILINE)
    ms = float(took[1]) if took else 0.0
    stray = re.search(r"reply from unexpected source: ([^#\s]+)#(\d+)", text)
    if ";; Got answer:" not in text:
        if stray:
            source = _endpoint(stray[1], stray[2])
            return Reply(None, f"wrong source {source}", ms, source)
        reason = _reason(text, exit_code)
        return Reply(None, reason, packet.timeout * 1000 if reason == "timeout" else ms, None)
    known = _endpoint(server[1], server[2]) if server else None
    try:
        message = _message(text.rsplit(";; Got answer:", 1)[1])
    except (dns.exception.DNSException, ValueError, AttributeError) as error:
        return Reply(None, f"not understood: {error}", ms, known)
    message.id = int.from_bytes(packet.wire[:2], "big")
    return Reply(message.to_wire(max_size=65535), None, ms, known)


def _endpoint(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


REASONS = {
    "id mismatch": "wrong id",
    "question section mismatch": "wrong question",
    "connection refused": "refused",
    "connection reset": "reset",
    "host unreachable": "unreachable",
    "network unreachable": "unreachable",
    "end of file": "closed",
    "timed out": "timeout",
    "no servers could be reached": "timeout",
}


def _reason(text: str, exit_code: int | None) -> str:
    if bad := re.search(r"^;; Got bad packet: (.*)", text, re.MULTILINE):
        return f"malformed: {bad[1]}"
    lower = text.lower()
    for said, reason in REASONS.items():
        if said in lower:
            return reason
    if exit_code is None:
        return "timeout"
    lines = [line for line in text.strip().splitlines() if line] or [f"exit code {exit_code}"]
    return f"dig: {lines[-1].lstrip('; ')}"


def _message(text: str) -> dns.message.Message:
    header = re.search(r"->>HEADER<<- opcode: (\S+), status: (\S+), id: (\d+)", text)
    flags = re.search(r"^;; flags:([^;]*);", text, re.MULTILINE)
    if header is None or flags is None:
        raise ValueError("no header")
    message = dns.message.Message()
    message.flags = dns.flags.from_text(flags[1].upper())
    message.set_opcode(dns.opcode.from_text(header[1]))
    edns = re.search(
        r"^; EDNS: version:? (\d+), flags:([^;]*);(?: MBZ: \w+ ?,)? udp: (\d+)", text, re.MULTILINE
    )
    if edns:
        do = dns.flags.DO if "do" in edns[2].split() else 0
        message.use_edns(int(edns[1]), do, int(edns[3]))
    message.set_rcode(_rcode(header[2]))
    section: int | None = None
    for line in text.splitlines():
        title = re.match(r";; (\w+ (?:PSEUDO)?SECTION):", line)
        if title or not line.strip():
            section = SECTIONS.get(title[1]) if title else None
            if title and title[1] == "QUESTION SECTION":
                section = dns.message.QUESTION
        elif section == dns.message.QUESTION and line.startswith(";"):
            name, rdclass, rdtype = line[1:].split()
            message.find_rrset(
                message.question,
                dns.name.from_text(name),
                _class(rdclass),
                dns.rdatatype.from_text(rdtype),
                create=True,
            )
        elif section is not None and not line.startswith(";"):
            _add_record(message, section, line)
    return message


def _add_record(message: dns.message.Message, section: int, line: str) -> None:
    name, ttl, rdclass, rdtype, *rest = line.split(None, 4)
    kind, family = dns.rdatatype.from_text(rdtype), _class(rdclass)
    rdata = dns.rdata.from_text(family, kind, rest[0] if rest else "")
    rrset = message.find_rrset(
        message.section_from_number(section),
        dns.name.from_text(name),
        family,
        kind,
        rdata.covers(),
        create=True,
    )
    rrset.add(rdata, int(ttl))


def _class(word: str) -> dns.rdataclass.RdataClass:
    return dns.rdataclass.from_text(word)


def _rcode(word: str) -> dns.rcode.Rcode:
    found = re.fullmatch(r"(?:RESERVED|RCODE)(\d+)", word)
    return dns.rcode.Rcode.make(int(found[1])) if found else dns.rcode.from_text(word)
