"""What the specification demands of Services: questions, and what each must be answered with.

Many names that are one claim are asked at once: ``answers = everyone.put(*wanted)``, then
``answers.deviating_from(each(wanted))``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.names import reverse_name
from clusterdns.objects.service import Port, Service

FAMILIES = {"A": 4, "AAAA": 6}

Wanted = Mapping[Question, Expected]


def each(wanted: Wanted) -> Callable[[Answer], Expected]:
    """What an answer must be, by its question."""
    return lambda answer: wanted[answer.question]


def addresses_of(services: Iterable[Service]) -> Wanted:
    """A and AAAA of Services (2.3.1, 2.4.1); NODATA for the family in which one has nothing."""
    return {
        Question(s.fqdn, rdtype): addresses_or_nodata(s.fqdn, s.addresses(family), s.zone)
        for s in services
        for rdtype, family in FAMILIES.items()
    }


def hosts_of(services: Iterable[Service]) -> Wanted:
    """A and AAAA of every hostname of ready endpoints (2.4.1), all who share it together."""
    return {
        Question(s.below(host), rdtype): addresses_or_nodata(
            s.below(host), s.at(host, family), s.zone
        )
        for s in services
        for host in s.hostnames
        for rdtype, family in FAMILIES.items()
    }


def ports_of(services: Iterable[Service]) -> Wanted:
    """SRV of every named port (2.3.2, 2.4.2)."""
    return {
        Question(s.srv_name(port), "SRV"): expect.srv(s.srv_name(port), s.srv_targets(port))
        for s in services
        for port in s.ports
        if port.name
    }


def unnamed_ports_of(services: Iterable[Service], guesses: Iterable[str]) -> Wanted:
    """That ports without names have no SRV record, whatever they are guessed to be called."""
    return {
        Question(s.srv_name(Port(guess, port.number, port.protocol)), "SRV"): denied(s)
        for s in services
        for port in s.ports
        for guess in guesses
        if not port.name
    }


def pointers_of(services: Iterable[Service]) -> Wanted:
    """PTR of every cluster IP (2.3.3)."""
    return {
        Question(reverse_name(ip), "PTR"): expect.pointer(reverse_name(ip), s.fqdn)
        for s in services
        for ip in s.cluster_ips
    }


def endpoint_pointers_of(services: Iterable[Service]) -> Wanted:
    """PTR of the address of every ready endpoint with a hostname (2.4.3)."""
    return {
        Question(reverse_name(e.address), "PTR"): expect.pointer(
            reverse_name(e.address), s.below(e.hostname)
        )
        for s in services
        for e in s.endpoints
        if e.is_ready and e.hostname
    }


def unready_hosts_of(services: Iterable[Service]) -> Wanted:
    """That the hostname of an endpoint that is not ready does not exist."""
    return {
        Question(s.below(e.hostname), rdtype): denied(s)
        for s in services
        for e in s.endpoints
        for rdtype in FAMILIES
        if not e.is_ready and e.hostname not in ("", *s.hostnames)
    }


def external_names_of(services: Iterable[Service]) -> Wanted:
    """CNAME of every ExternalName (2.5)."""
    return {
        Question(s.fqdn, "CNAME"): expect.alias(s.fqdn, absolute(s.external_name)) for s in services
    }


def followed(service: Service, target: Service, *chain: Service) -> Wanted:
    """A and AAAA of an ExternalName that leads, by a chain of others, to a Service in the zone.

    Only the families that the target has: whether a CNAME is due without them is left open.
    """
    links = [f"{s.fqdn} CNAME {absolute(s.external_name)}" for s in chain]
    first = absolute(service.external_name)
    return {
        Question(service.fqdn, rdtype): expect.alias(
            service.fqdn, first, *links, *(expect.address_record(target.fqdn, ip) for ip in ips)
        )
        for rdtype, family in FAMILIES.items()
        if (ips := target.addresses(family))
    }


def nothing_at(names: Iterable[str], rdtypes: Iterable[str], zone: str) -> Wanted:
    """NXDOMAIN for all types of all names."""
    types = tuple(rdtypes)
    return {Question(name, rdtype): expect.nxdomain(zone) for name in names for rdtype in types}


def no_such_type(names: Iterable[str], rdtypes: Iterable[str], zone: str) -> Wanted:
    """NODATA for all types of all names."""
    types = tuple(rdtypes)
    return {Question(name, rdtype): expect.nodata(zone) for name in names for rdtype in types}


def as_first_told(answers: Iterable[Answer]) -> Wanted:
    """What each question was answered with first: everybody must say the same.

    Silence is no answer, unless nobody gave any.
    """
    told: dict[Question, Expected] = {}
    for a in sorted(answers, key=lambda a: not a.answered):
        told.setdefault(a.question, Expected(a.rcode, a.records, a.soa_zone))
    return told


def owners_by_address(answers: Iterable[Answer]) -> Mapping[str, int]:
    """How many different names each address was the answer for."""
    pairs = {tuple(record.split()) for a in answers for record in a.records}
    return Counter(address for _, _, address in pairs)


def in_case(wanted: Wanted, change: Callable[[str], str]) -> Wanted:
    """The same questions with their names in another case; the answers are the same."""
    return {Question(change(q.name), q.rdtype): expected for q, expected in wanted.items()}


def addresses_or_nodata(owner: str, ips: Iterable[str], zone: str) -> Expected:
    """These addresses, or without any a denial of this type alone."""
    found = tuple(ips)
    return expect.addresses(owner, found) if found else expect.nodata(absolute(zone))


def denied(service: Service) -> Expected:
    """NXDOMAIN with the SOA of the Service's zone."""
    return expect.nxdomain(absolute(service.zone))


def absolute(name: str) -> str:
    """A name with its final dot."""
    return name if name.endswith(".") else f"{name}."
