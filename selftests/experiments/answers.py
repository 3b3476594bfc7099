"""Answers made by hand, as a private CoreDNS would give them."""

import dns.message
import dns.rcode
import dns.rrset

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Reply


def said(question: Question, what: Expected, zone: str, ttl: int = 30) -> Answer:
    """An answer that is this, whole and over UDP; with the zone's SOA where it has no record."""
    query = question.message()
    message = dns.message.make_response(query)
    message.set_rcode(dns.rcode.from_text(what.rcode))
    for record in what.records:
        owner, rdtype, value = record.split(" ", 2)
        message.answer.append(dns.rrset.from_text(owner, ttl, "IN", rdtype, value))
    if not what.records:
        soa = f"ns.dns.{zone} host.{zone} 1 2 3 4 5"
        message.authority.append(dns.rrset.from_text(zone, ttl, "IN", "SOA", soa))
    reply = Reply(message.to_wire(), None, 1.0, "192.0.2.1:53")
    return Answer.from_reply(question, "node", Server("pod/x", "192.0.2.1"), "udp", query, reply)
