"""Lies about names and records, made of the true response; more are in selftests.nameserver."""

import re

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

from selftests.nameserver import Asked, Lie, Response, when, with_answer

ZONE = "cluster.local."


def rewritten(rdtype: str, old: str, new: str) -> Lie:
    """In each answer record of a type what matches a pattern is replaced by another text."""

    def edit(message: dns.message.Message) -> None:
        for index, rrset in enumerate(message.answer):
            if dns.rdatatype.to_text(rrset.rdtype) == rdtype:
                texts = [re.sub(old, new, rdata.to_text()) for rdata in rrset]
                message.answer[index] = dns.rrset.from_text(rrset.name, 5, "IN", rdtype, *texts)

    return lambda _, response: response.edited(edit)


def one_port_more(_: Asked, response: Response) -> Response:
    """In each SRV record the port is the next one."""

    def edit(message: dns.message.Message) -> None:
        for index, rrset in enumerate(message.answer):
            if rrset.rdtype == dns.rdatatype.SRV:
                texts = [f"0 100 {each.port % 65535 + 1} {each.target}" for each in rrset]
                message.answer[index] = dns.rrset.from_text(rrset.name, 5, "IN", "SRV", *texts)

    return response.edited(edit)


def replaced(rdtype: str, *rdata: str) -> Lie:
    """Each answer that has records of a type has these instead."""

    def edit(message: dns.message.Message) -> None:
        message.answer = [
            dns.rrset.from_text(rrset.name, 5, "IN", rdtype, *rdata)
            if dns.rdatatype.to_text(rrset.rdtype) == rdtype
            else rrset
            for rrset in message.answer
        ]

    return lambda _, response: response.edited(edit)


def added(rdtype: str, rdata: str) -> Lie:
    """Each answer that has records of a type has one more."""

    def edit(message: dns.message.Message) -> None:
        for rrset in message.answer:
            if dns.rdatatype.to_text(rrset.rdtype) == rdtype:
                rrset.add(dns.rdata.from_text("IN", rdtype, rdata))

    return lambda _, response: response.edited(edit)


def without(rdtype: str, *rdata: str) -> Lie:
    """Each answer lacks these records of a type; without any named it lacks them all."""

    def edit(message: dns.message.Message) -> None:
        kept = []
        for rrset in message.answer:
            texts = [rdata.to_text() for rdata in rrset]
            if dns.rdatatype.to_text(rrset.rdtype) == rdtype:
                texts = [text for text in texts if rdata and text not in rdata]
            if texts:
                kept.append(dns.rrset.from_text(rrset.name, 5, "IN", rrset.rdtype, *texts))
        message.answer = kept

    return lambda _, response: response.edited(edit)


def without_last(rdtype: str) -> Lie:
    """Each answer lacks the last of its records of a type, in the order of their text."""

    def choose(asked: Asked, response: Response) -> Response:
        answer = dns.message.from_wire(response.wire).answer
        texts = [r.to_text() for r in answer[0]] if answer else []
        return without(rdtype, max(texts))(asked, response) if texts else response

    return choose


def if_it_says(text: str, lie: Lie) -> Lie:
    """Lie only where this stands in the true answer."""

    def choose(asked: Asked, response: Response) -> Response:
        answer = dns.message.from_wire(response.wire).answer
        said = any(text in rrset.to_text() for rrset in answer)
        return lie(asked, response) if said else response

    return choose


def denied(rcode: str, soa: str | None = ZONE) -> Lie:
    """A denial with this code, and with the SOA of this zone or none."""

    def edit(message: dns.message.Message) -> None:
        message.set_rcode(dns.rcode.from_text(rcode))
        text = f"ns.{ZONE} host.{ZONE} 1 2 3 4 5"
        rrset = dns.rrset.from_text(soa, 5, "IN", "SOA", text) if soa else None
        message.answer, message.authority = [], [rrset] if rrset else []

    return lambda _, response: response.edited(edit)


def answered(*records: str) -> Lie:
    """These records, whatever is true."""

    def edit(message: dns.message.Message) -> None:
        message.set_rcode(dns.rcode.NOERROR)
        message.authority = []

    answer = with_answer(*records)
    return lambda asked, response: answer(asked, response).edited(edit)


def doubled(_: Asked, response: Response) -> Response:
    """Every record of the answer comes twice: by hand, because dnspython knows only sets."""
    message = dns.message.from_wire(response.wire, one_rr_per_rrset=True)
    message.answer += message.answer
    wire = bytearray(message.to_wire(max_size=65535))
    return Response(bytes(wire))


def beside(record: str) -> Lie:
    """One record more in the additional section."""

    def edit(message: dns.message.Message) -> None:
        name, ttl, rdclass, rdtype, rdata = record.split(None, 4)
        message.additional += [dns.rrset.from_text(name, int(ttl), rdclass, rdtype, rdata)]

    return lambda _, response: response.edited(edit)


def echoing(name: str) -> Lie:
    """The answer to a question that nobody asked."""

    def edit(message: dns.message.Message) -> None:
        asked = message.question[0]
        message.question = [dns.rrset.RRset(dns.name.from_text(name), asked.rdclass, asked.rdtype)]

    return lambda _, response: response.edited(edit)


def if_denied(rcode: str, has_soa: bool, lie: Lie) -> Lie:
    """Lie only where the truth is a denial of this kind, in the zone of the cluster."""

    def choose(asked: Asked, response: Response) -> Response:
        message = dns.message.from_wire(response.wire)
        denial = dns.rcode.to_text(message.rcode()) == rcode and not message.answer
        return lie(asked, response) if denial and bool(message.authority) == has_soa else response

    return choose


def below(suffix: str, lie: Lie) -> Lie:
    """Lie only about names below this one."""
    return lambda asked, response: (
        lie(asked, response) if asked.name.endswith(f".{suffix}") else response
    )


def case_sensitive(asked: Asked, response: Response) -> Response:
    """Know only names in lower case."""
    name = asked.query.question[0].name.to_text()
    return response if name == name.lower() else denied("NXDOMAIN")(asked, response)


def lie_about(name: str, rdtype: str, *rdata: str) -> Lie:
    """Say that a name has these records of a type, whatever is true."""
    return when(answered(*(f"{name} 5 IN {rdtype} {each}" for each in rdata)), name, rdtype)
