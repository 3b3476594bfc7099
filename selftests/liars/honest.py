"""A DNS server as honest as cluster DNS should be, on loopback."""

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.IN.SRV import SRV

from selftests.nameserver import TTL, FakeNameserver

REVERSE = [dns.name.from_text(name) for name in ("in-addr.arpa.", "ip6.arpa.")]
TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)
LONGEST_CHAIN = 8


class ClusterNameserver(FakeNameserver):
    """Answers by its zone, reverse names included; refuses what is no question of good will."""

    def honest(self, query: dns.message.Message) -> dns.message.Message:
        """The true answer."""
        if query.flags & dns.flags.QR:
            return _malformed(query)
        response = dns.message.make_response(query, our_payload=1232)
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
        elif not self._is_ours(query):
            response.set_rcode(dns.rcode.REFUSED)
        elif query.question[0].rdtype == dns.rdatatype.ANY:
            name = query.question[0].name
            response.answer.append(dns.rrset.from_text(name, TTL, "IN", "HINFO", "RFC8482 ''"))
        else:
            self._answer(response)
        return response

    def _is_ours(self, query: dns.message.Message) -> bool:
        """Whether we serve the zone, to anybody, record by record."""
        asked = query.question[0]
        ours = any(asked.name.is_subdomain(zone) for zone in (self.origin, *REVERSE))
        return ours and asked.rdclass == dns.rdataclass.IN and asked.rdtype not in TRANSFERS

    def _answer(self, response: dns.message.Message) -> None:
        response.flags |= dns.flags.AA
        name, rdtype = response.question[0].name, response.question[0].rdtype
        for _ in range(LONGEST_CHAIN):
            if (found := self.records(name, rdtype)) is not None:
                response.answer.append(found)
                self._add(response, found)
                return
            alias = self.records(name, dns.rdatatype.CNAME)
            if alias is None:
                break
            response.answer.append(alias)
            name = alias[0].target
        if not response.answer:
            self._deny(response, name)

    def _add(self, response: dns.message.Message, found: dns.rrset.RRset) -> None:
        """The addresses of whom SRV and NS records lead to."""
        targets = {each.target for each in found if isinstance(each, SRV | NS)}
        for target in targets:
            for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                if (beside := self.records(target, rdtype)) is not None:
                    response.additional.append(beside)

    def _deny(self, response: dns.message.Message, name: dns.name.Name) -> None:
        soa = self.records(self.origin, dns.rdatatype.SOA)
        if name.is_subdomain(self.origin) and soa is not None:
            response.authority.append(soa)
        if not self.exists(name):
            response.set_rcode(dns.rcode.NXDOMAIN)


def _malformed(query: dns.message.Message) -> dns.message.Message:
    """FORMERR: what came is no question."""
    response = dns.message.Message(query.id)
    response.flags = dns.flags.Flag(dns.flags.QR)
    response.set_rcode(dns.rcode.FORMERR)
    return response
