"""Names outside the cluster: forwarded, answered unchanged, and kept apart from the cluster's own.

The first check asks the cluster's own DNS. The others try a private CoreDNS of the same image with
upstreams of ours, so that they need neither the internet nor anybody else's server.
"""

import pytest

from clusterdns.experiments.forwarding.experiment import Forwarding
from clusterdns.experiments.forwarding.outside_names import OutsideNames
from clusterdns.experiments.forwarding.outside_zone import LARGE_ROW, ROWS, STUB_ROW, Row
from clusterdns.experiments.gather import Gather
from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Transport

pytestmark = pytest.mark.about("forwarding")


@pytest.mark.about("outside-names")
def test_outside_name_resolves_as_on_the_node(
    everyone: Everyone, outside_names: OutsideNames
) -> None:
    """A name that exists only outside must resolve to what the replicas' nodes see."""
    answers = everyone.put(*outside_names.questions)
    assert answers.match(outside_names.wanted), f"{answers}\n{outside_names}"


@pytest.mark.about("outside-names", "told-outside-names")
def test_nameserver_of_pods_resolves_outside_names(
    told_asker: Everyone, outside_names: OutsideNames
) -> None:
    """What pods are told instead of the DNS Service must resolve what is outside, too."""
    answers = told_asker.put(*outside_names.questions)
    assert answers.match(outside_names.wanted), f"{answers}\n{outside_names}"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_answer_of_the_upstream_arrives(
    forwarding: Forwarding, gather: Gather, row: Row, transport: Transport
) -> None:
    """What the upstream answers, a denial with its SOA too, must reach the client as it is."""
    answers = gather(forwarding.rows[row.label, transport])
    assert answers.match(row.expected), answers


@pytest.mark.about("large-answers")
def test_answer_too_large_for_udp_is_truncated(forwarding: Forwarding, gather: Gather) -> None:
    """An answer that does not fit must come with the TC flag, so that the client uses TCP."""
    answers = gather(forwarding.rows[LARGE_ROW.label, "udp"])
    assert answers.match(expect.truncated), answers


@pytest.mark.about("large-answers")
def test_answer_too_large_for_udp_is_whole_over_tcp(forwarding: Forwarding, gather: Gather) -> None:
    """Over TCP all records of an answer must arrive, however many."""
    answers = gather(forwarding.rows[LARGE_ROW.label, "tcp"])
    assert answers.match(LARGE_ROW.expected), answers


def test_stub_domain_is_answered_by_its_server(
    forwarding: Forwarding, gather: Gather, transport: Transport
) -> None:
    """A zone with a server of its own must be answered from there, not by the other upstream."""
    answers = gather(forwarding.rows[STUB_ROW.label, transport])
    assert answers.match(STUB_ROW.expected), answers


def test_only_the_stub_domain_goes_to_its_server(forwarding: Forwarding) -> None:
    """Questions for the stub domain must go to its server, and no others."""
    astray = [str(arrival) for arrival in forwarding.stub_astray]
    assert (forwarding.stub_arrivals > 0, astray) == (True, []), "\n".join(astray) or "none came"


def test_one_sound_upstream_is_enough(forwarding: Forwarding, gather: Gather) -> None:
    """With one upstream that refuses and one that is silent, each question must be answered."""
    answers = gather(*forwarding.half_dead)
    assert answers.match(forwarding.wanted), answers


@pytest.mark.about("upstream-outage")
def test_nothing_outside_resolves_without_an_upstream(
    forwarding: Forwarding, gather: Gather
) -> None:
    """When its only upstream is dead, CoreDNS must say SERVFAIL, not deny and not keep silent."""
    answers = gather(*forwarding.dead)
    assert answers.match(expect.Expected("SERVFAIL")), answers


@pytest.mark.about("upstream-outage")
def test_names_outside_resolve_again(forwarding: Forwarding, gather: Gather) -> None:
    """Once the upstream is back, names outside must resolve as before it went."""
    answers = gather(*forwarding.before, *forwarding.back)
    assert answers.match(forwarding.wanted), answers


@pytest.mark.usefixtures("cluster_names_known")
def test_dead_upstream_leaves_cluster_names_alone(forwarding: Forwarding, gather: Gather) -> None:
    """Names of the cluster must resolve while no upstream answers."""
    answers = gather(*forwarding.cluster_meanwhile)
    assert answers.match(forwarding.wanted_in_cluster), answers


@pytest.mark.usefixtures("cluster_names_known")
def test_cluster_names_are_answered_by_the_cluster(forwarding: Forwarding, gather: Gather) -> None:
    """Names in the cluster's domain must be answered or denied by CoreDNS itself."""
    answers = gather(*forwarding.cluster_names)
    assert answers.match(forwarding.wanted_in_cluster), answers


@pytest.mark.usefixtures("cluster_names_known")
def test_cluster_names_never_reach_the_upstream(forwarding: Forwarding) -> None:
    """No question for a name in the cluster's domain must leave the cluster."""
    leaked = [str(arrival) for arrival in forwarding.leaked]
    assert (forwarding.counted, leaked) == (True, []), "\n".join(leaked) or forwarding.canary
