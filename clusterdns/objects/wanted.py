"""What the specification demands of Services: questions, and what each must be answered with.

Many names that are one claim are asked at once: ``answers = everyone.put(*wanted)``, then
``assert answers.match(wanted), answers``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.criterion import Rule
from clusterdns.matrix.expect import Expected, Wanted
from clusterdns.matrix.question import Question
from clusterdns.names import reverse_name
from clusterdns.objects.service import Port, Service

FAMILIES = {"A": 4, "AAAA": 6}


def addresses_of(services: Iterable[Service], *rdtypes: str) -> Wanted:
    """A and AAAA of Services (2.3.1, 2.4.1); NODATA for the family in which one has nothing."""
    return {
        Question(s.fqdn, rdtype): addresses_or_nodata(s.fqdn, s.addresses(family), s.zone)
        for s in services
        for rdtype, family in FAMILIES.items()
        if rdtype in (rdtypes or FAMILIES)
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


def port_at_every_endpoint(service: Service, port: Port) -> Rule[Answer]:
    """SRV of a named port where some endpoints have no hostname: their labels are left open (2.1).

    One record for each hostname of ready endpoints, and one more below the Service for each ready
    address without one.
    """
    number, hosts = port.target or port.number, {service.below(h) for h in service.hostnames}
    unready = {service.below(e.hostname) for e in service.endpoints if not e.is_ready}
    nameless = {e.address for e in service.endpoints if e.is_ready and not e.hostname}

    def holds(answer: Answer) -> bool:
        targets = {target for _, target in answer.srv_targets}
        others = targets - hosts
        return (
            {port for port, _ in answer.srv_targets} == {number}
            and hosts <= targets
            and len(others) == len(nameless) == len(answer.records) - len(hosts)
            and all(target.endswith(f".{service.fqdn}") for target in others)
            and not others & unready
        )

    more = f"{len(nameless)} more labels for the nameless endpoints"
    return expect.rule(f"port {number} at {sorted(hosts)} and at {more}", holds)


def unnamed_ports_of(services: Iterable[Service], guesses: Iterable[str]) -> Wanted:
    """That ports without names have no SRV record, whatever they are guessed to be called."""
    return {
        Question(s.srv_name(Port(guess, port.number, port.protocol)), "SRV"): denied(s)
        for s in services
        for port in s.ports
        for guess in guesses
        if not port.name
    }


def addresses_beside_ports_of(services: Iterable[Service]) -> Mapping[Question, Rule[Answer]]:
    """What may stand beside the SRV records of every named port: addresses of their targets."""
    return {
        question: expect.nothing_beside_but(addresses_of_targets(s))
        for s in services
        for question in ports_of([s])
    }


def addresses_of_targets(service: Service) -> frozenset[str]:
    """The addresses that the SRV records of a Service can lead to: its own, or its endpoints'."""
    wanted = hosts_of([service]) if service.endpoints else addresses_of([service])
    return frozenset().union(*(expected.records for expected in wanted.values()))


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


def one_owner_each(service: Service) -> Mapping[str, int]:
    """Each ready address of a headless Service, and that one name leads to it."""
    return dict.fromkeys((*service.addresses(4), *service.addresses(6)), 1)


def addresses_of_names(names: Iterable[str]) -> tuple[Question, ...]:
    """The questions for both families of some names."""
    return tuple(Question(name, rdtype) for name in names for rdtype in FAMILIES)


def in_case(wanted: Wanted, change: Callable[[str], str]) -> Wanted:
    """Questions with their names in another case, and the answers that they had before."""
    return {Question(change(q.name), q.rdtype): expected for q, expected in wanted.items()}


def addresses_or_nodata(owner: str, ips: Iterable[str], zone: str) -> Expected:
    """The answer with exactly these addresses, or NODATA where there are none."""
    found = tuple(ips)
    return expect.addresses(owner, found) if found else expect.nodata(absolute(zone))


def denied(service: Service) -> Expected:
    """NXDOMAIN with the SOA of the Service's zone."""
    return expect.nxdomain(absolute(service.zone))


def absolute(name: str) -> str:
    """A name with its final dot."""
    return name if name.endswith(".") else f"{name}."
