"""Which cause comes first, what is left unexplained, and when nothing is claimed."""

from dataclasses import replace

from clusterdns.diagnosis import Facts, diagnose
from selftests.diagnosis import uncatalogued_faults
from selftests.diagnosis.edit_facts import trouble
from selftests.diagnosis.faulty_facts import corefile, network, replicas, service
from selftests.diagnosis.healthy_facts import healthy

STRANGE = "tests/dns/test_apex.py::test_zone_has_one_soa_record[udp]"


def causes(facts: Facts) -> list[str]:
    """The names of the diagnoses, in order."""
    return [one.cause for one in diagnose(facts).diagnoses]


def test_what_explains_failures_comes_before_advice() -> None:
    """A cause of failed checks outranks one of advice that does not hold."""
    facts = network.kube_proxy_down(corefile.no_reload(healthy()))
    assert causes(facts) == ["kube-proxy-down-node", "no-reload"]


def test_two_faults_are_both_named() -> None:
    """Two independent faults are two diagnoses, and nothing else is claimed."""
    facts = service.no_tcp(service.told(("10.96.0.99",), "w2")(healthy()))
    assert set(causes(facts)) == {"dns-svc-no-tcp", "kubelet-clusterdns-wrong"}


def test_a_deeper_cause_takes_over_its_consequences() -> None:
    """Replicas that are not ready are explained by why they are not."""
    assert "dns-svc-endpoints-notready" not in causes(corefile.bad_syntax(healthy()))


def test_what_is_left_is_named() -> None:
    """A failure that no cause explains stays unexplained, and is not swallowed."""
    facts = network.kube_proxy_down(healthy())
    facts = replace(facts, troubles=(*facts.troubles, trouble(STRANGE)))
    found = diagnose(facts)
    assert ([d.cause for d in found.diagnoses], found.unexplained) == (
        ["kube-proxy-down-node"],
        (STRANGE,),
    )


def test_unknown_comes_before_mere_advice() -> None:
    """A strange failure beside advice that does not hold: first that nobody knows."""
    facts = corefile.no_reload(healthy())
    facts = replace(facts, troubles=(*facts.troubles, trouble(STRANGE)))
    assert causes(facts) == ["unknown", "no-reload"]


def test_unknown_says_what_was_measured() -> None:
    """Without a cause the split is told in words, with the layer and the next question."""
    facts = uncatalogued_faults.tcp_lost_on_one_path(healthy())
    first = diagnose(facts).diagnoses[0]
    assert (first.cause, first.layer, first.confidence) == ("unknown", "node-network", "low")
    assert "pod/coredns-a" in first.summary
    assert first.remedy[0].startswith("ask next:")


def test_deviations_alone_are_never_unknown() -> None:
    """Advice that does not hold and that no cause is about gives no diagnosis."""
    facts = replace(healthy(), troubles=(trouble(STRANGE, "deviation"),))
    assert causes(facts) == []


def test_commands_name_this_cluster() -> None:
    """What to do can be copied: context, namespace and names are filled in."""
    first = diagnose(replicas.scaled(healthy())).diagnoses[0]
    wanted = "kubectl --context kind-x -n kube-system scale deployment/coredns --replicas=2"
    assert first.remedy == (wanted,)


def test_a_mistake_in_a_cause_costs_no_diagnosis() -> None:
    """Facts with holes are no reason to end without a diagnosis."""
    facts = replace(
        network.kube_proxy_down(healthy()),
        events=None,
        rights=None,
        services=None,
        kube_proxies=None,
        node_local=None,
        policies=None,
        node_confs=None,
        api_service=None,
        logs={},
        metrics={},
        probe_ips={},
        missing={"events": "forbidden"},
    )
    found = diagnose(facts)
    assert (found.diagnoses[0].cause, found.complaints) == ("kube-proxy-down-node", ())


def test_what_was_not_asked_speaks_against_nothing() -> None:
    """A cause explains a check though some of its questions were left out by then."""
    facts = uncatalogued_faults.hosts(healthy())
    cell = replace(facts.troubles[0].cells[0], name="web.x.", error="not asked: ...", asked=False)
    mixed = replace(facts.troubles[0], cells=(*facts.troubles[0].cells, cell))
    found = diagnose(replace(facts, troubles=(mixed,)))
    assert ([d.cause for d in found.diagnoses], found.unexplained) == (["hosts-override"], ())
