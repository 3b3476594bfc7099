"""From the answers of the hops to a place, and what says nothing about one."""

from dataclasses import replace

import dns.message
import dns.rrset
import pytest

from clusterdns.diagnosis.hops.asking import Asked
from clusterdns.diagnosis.hops.groups import groups_of
from clusterdns.diagnosis.hops.placing import place_of
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server
from selftests.diagnosis.edit_facts import Said, cell, failed, no_answer
from selftests.diagnosis.healthy_facts import healthy

WEB = Question("web.shop.svc.cluster.local.")
PLAIN = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
WANTED = Said(records=(f"{WEB.name} A 10.96.0.7",))
SILENT, FINE = (
    Server("pod/coredns-a", "10.244.0.2", node="cp"),
    Server("pod/coredns-b", "10.244.1.2", node="w1"),
)


def near(server: Server, answered: bool) -> Asked:
    """A replica asked on its own node, twice."""
    query = WEB.message()
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(WEB.name, 30, "IN", "A", "10.96.0.7"))
    said = Answer(WEB, server.node, server, "udp", 1.0, reply if answered else None, "timeout")
    return Asked("near", server, server.node, (said, said))


@pytest.mark.parametrize(("lost", "hop"), [(0, "replica"), (40, "passed"), (100, "replica")])
def test_silence_on_a_path_that_loses_a_part_is_no_place(lost: int, hop: str) -> None:
    """One that has lost nothing, or everything, is silent for a reason that is to be found."""
    facts = failed(
        healthy(), PLAIN, cell(str(WEB), "cp", str(SILENT), "udp", WANTED, no_answer("timeout"))
    )
    paths = tuple(
        replace(p, lost=lost, improbable=lost > 0)
        if (p.node, p.server, p.transport) == ("cp", str(SILENT), "udp")
        else p
        for p in facts.paths
    )
    facts = replace(facts, paths=paths)
    (group,) = groups_of(facts)
    place = place_of(facts, group, [near(SILENT, False), near(FINE, True)])
    assert (place.hop, place.proved) == (hop, hop == "replica")
