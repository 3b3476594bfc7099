"""NXDOMAIN or NODATA, for every kind of name and every type that programs ask for (RFC 2308).

Resolvers ask for types of which the schema knows nothing: browsers HTTPS, mail MX, tools ANY of
them. One wrong denial of a name that exists ends the search of musl and of caches (RFC 8020).
"""

import pytest

from clusterdns.matrix.everyone import Asker
from clusterdns.objects.records import Records
from clusterdns.objects.service import Port, Service
from clusterdns.objects.wanted import each, no_such_type, nothing_at

OTHER_TYPES = ("MX", "NS", "HTTPS", "SVCB", "CAA", "NAPTR", "DS", "TLSA", "PTR", "CNAME")
ABSENT_TYPES = ("A", "AAAA", "SRV", *OTHER_TYPES)


def existing_names(records: Records, kubernetes: Service) -> dict[str, str]:
    """Names that have other records, or names below them, but none of these types."""
    variety = records.variety
    return {
        "cluster-ip": variety.many.fqdn,
        "node-port": variety.gates.fqdn,
        "kubernetes": kubernetes.fqdn,
        "headless": variety.choir.fqdn,
        "ipv6-only": variety.six.fqdn,
        "hostname": variety.choir.below("voice-0"),
        "shared-hostname": variety.twins.below("both"),
        "port": variety.many.srv_name(variety.many.ports[0]),
        "port-of-endpoints": variety.choir.srv_name(variety.choir.ports[0]),
        "longest": variety.longest.fqdn,
    }


def absent_names(records: Records) -> dict[str, str]:
    """Names that nothing stands behind, each next to one that exists."""
    variety = records.variety
    many, choir = variety.many, variety.choir
    return {
        "service": Service("no-such-service", many.namespace, many.zone).fqdn,
        "namespace": Service(many.name, "no-such-namespace", many.zone).fqdn,
        "hostname": choir.below("voice-99"),
        "below-cluster-ip": many.below("voice-0"),
        "port": many.srv_name(Port("nntp", 119)),
        "protocol": many.srv_name(Port("http", 80, "SCTP")),
        "port-of-endpoints": choir.srv_name(Port("nntp", 119)),
        "below-alias": variety.inside.below("voice-0"),
        "too-deep": choir.below("a.b.voice-0"),
        "wildcard": Service("*", many.namespace, many.zone).fqdn,
        "any": Service("any", many.namespace, many.zone).fqdn,
        "wildcard-namespace": Service(many.name, "*", many.zone).fqdn,
        "wildcard-hostname": choir.below("*"),
        "plain-label": f"no-such-label.{many.zone}.",
    }


EXISTING = [
    "cluster-ip",
    "node-port",
    "kubernetes",
    "headless",
    "ipv6-only",
    "hostname",
    "shared-hostname",
    "port",
    "port-of-endpoints",
    "longest",
]
ABSENT = [
    "service",
    "namespace",
    "hostname",
    "below-cluster-ip",
    "port",
    "protocol",
    "port-of-endpoints",
    "below-alias",
    "too-deep",
    "wildcard",
    "any",
    "wildcard-namespace",
    "wildcard-hostname",
    "plain-label",
]


@pytest.mark.spec("N2")
@pytest.mark.parametrize("kind", EXISTING)
def test_existing_name_has_none_of_the_other_types(
    everyone: Asker, records: Records, kubernetes: Service, zone: str, kind: str
) -> None:
    """A name that exists must be answered with NODATA for every type that it does not have."""
    wanted = no_such_type([existing_names(records, kubernetes)[kind]], OTHER_TYPES, zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("N3")
@pytest.mark.parametrize("rdtype", ABSENT_TYPES)
def test_name_between_has_no_records_of_any_type(
    everyone: Asker, records: Records, zone: str, rdtype: str
) -> None:
    """The labels that only lead to others must exist, and have no records themselves."""
    many = records.variety.many
    names = [f"svc.{zone}", f"{many.namespace}.svc.{zone}"]
    wanted = no_such_type(names, [rdtype], zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("N1", "N4", "N5", "N7", "N8")
@pytest.mark.parametrize("kind", ABSENT)
def test_absent_name_does_not_exist_for_any_type(
    everyone: Asker, records: Records, zone: str, kind: str
) -> None:
    """A name that is not there must be denied as a whole, whatever type is asked for."""
    wanted = nothing_at([absent_names(records)[kind]], ABSENT_TYPES, zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers
