"""NXDOMAIN or NODATA, for every kind of name and every type that programs ask for (RFC 2308).

Resolvers ask for types of which the schema knows nothing: browsers HTTPS, mail MX, tools ANY of
them. One wrong denial of a name that exists ends the search of musl and of caches (RFC 8020).
"""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.service import Port, Service
from clusterdns.objects.wanted import each, no_such_type, nothing_at

OTHER_TYPES = ("MX", "NS", "HTTPS", "SVCB", "CAA", "NAPTR", "DS", "TLSA", "PTR", "CNAME")
ABSENT_TYPES = ("A", "AAAA", "SRV", *OTHER_TYPES)


def existing_names(records: Records, kubernetes: Service) -> dict[str, str]:
    """Names that have other records, or names below them, but none of these types."""
    edge_cases = records.edge_cases
    return {
        "cluster-ip": edge_cases.many.fqdn,
        "node-port": edge_cases.node_port.fqdn,
        "kubernetes": kubernetes.fqdn,
        "headless": edge_cases.headless.fqdn,
        "ipv6-only": edge_cases.six.fqdn,
        "hostname": edge_cases.headless.below("host-0"),
        "shared-hostname": edge_cases.shared_hostname.below("both"),
        "port": edge_cases.many.srv_name(edge_cases.many.ports[0]),
        "port-of-endpoints": edge_cases.headless.srv_name(edge_cases.headless.ports[0]),
        "longest": edge_cases.longest.fqdn,
    }


def absent_names(records: Records) -> dict[str, str]:
    """Names that nothing stands behind, each next to one that exists."""
    edge_cases = records.edge_cases
    many, headless = edge_cases.many, edge_cases.headless
    return {
        "service": Service("no-such-service", many.namespace, many.zone).fqdn,
        "namespace": Service(many.name, "no-such-namespace", many.zone).fqdn,
        "hostname": headless.below("host-99"),
        "below-cluster-ip": many.below("host-0"),
        "port": many.srv_name(Port("nntp", 119)),
        "protocol": many.srv_name(Port("http", 80, "SCTP")),
        "port-of-endpoints": headless.srv_name(Port("nntp", 119)),
        "below-alias": edge_cases.inside.below("host-0"),
        "too-deep": headless.below("a.b.host-0"),
        "wildcard": Service("*", many.namespace, many.zone).fqdn,
        "any": Service("any", many.namespace, many.zone).fqdn,
        "wildcard-namespace": Service(many.name, "*", many.zone).fqdn,
        "wildcard-hostname": headless.below("*"),
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
    everyone: Everyone, records: Records, kubernetes: Service, zone: str, kind: str
) -> None:
    """A name that exists must be answered with NODATA for every type that it does not have."""
    wanted = no_such_type([existing_names(records, kubernetes)[kind]], OTHER_TYPES, zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("N3")
@pytest.mark.parametrize("rdtype", ABSENT_TYPES)
def test_name_between_has_no_records_of_any_type(
    everyone: Everyone, records: Records, zone: str, rdtype: str
) -> None:
    """The labels that only lead to others must exist, and have no records themselves."""
    many = records.edge_cases.many
    names = [f"svc.{zone}", f"{many.namespace}.svc.{zone}"]
    wanted = no_such_type(names, [rdtype], zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("N1", "N4", "N5", "N7", "N8")
@pytest.mark.parametrize("kind", ABSENT)
def test_absent_name_does_not_exist_for_any_type(
    everyone: Everyone, records: Records, zone: str, kind: str
) -> None:
    """A name that is not there must be denied as a whole, whatever type is asked for."""
    wanted = nothing_at([absent_names(records)[kind]], ABSENT_TYPES, zone)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers
