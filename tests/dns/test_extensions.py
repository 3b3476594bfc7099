"""Specification 3: a server may have more records; they must not say what is not true."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records


@pytest.mark.spec("3")
@pytest.mark.level("may")
def test_bare_name_has_only_srv_records_of_its_own(everyone: Everyone, records: Records) -> None:
    """SRV of a Service's bare name may hold ports of this Service, and nothing else."""
    many = records.edge_cases.many
    answers = everyone.ask(many.fqdn, "SRV")
    known = {(port.number, many.fqdn) for port in many.ports}
    wrong = answers.judge(f"SRV records among {sorted(known)}", lambda a: a.srv_targets <= known)
    assert wrong == {}, answers


@pytest.mark.spec("3")
@pytest.mark.level("may")
def test_name_of_a_port_has_only_addresses_of_its_own(everyone: Everyone, records: Records) -> None:
    """A of the name of an SRV record may hold the Service's addresses, and no others."""
    many = records.edge_cases.many
    name = many.srv_name(many.ports[0])
    answers = everyone.ask(name, "A")
    known = {f"{name.lower()} A {ip}" for ip in many.addresses(4)}
    wrong = answers.judge(f"addresses among {sorted(known)}", lambda a: a.records <= known)
    assert wrong == {}, answers
