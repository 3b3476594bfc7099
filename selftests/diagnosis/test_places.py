"""Places beside causes: what was proved leads, and what it contradicts is taken back."""

from dataclasses import replace

import pytest

from clusterdns.diagnosis import Facts, diagnose
from clusterdns.diagnosis.finding import Cause, Finding
from clusterdns.diagnosis.held import held
from clusterdns.diagnosis.hops.place import LAYERS, Heard, Hop, Place
from clusterdns.diagnosis.placed import diagnosis_of, merged
from clusterdns.diagnosis.rows import Trouble
from clusterdns.diagnosis.scopes import EVERYTHING, Scope
from clusterdns.report.model import Diagnosis
from selftests.diagnosis import uncatalogued_faults
from selftests.diagnosis.edit_facts import NXDOMAIN, RIGHT, cell, failed, no_answer
from selftests.diagnosis.faulty_facts import starved
from selftests.diagnosis.faulty_facts.network import deaf_replica
from selftests.diagnosis.healthy_facts import healthy

PLAIN = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
OTHER = "tests/dns/test_apex.py::test_zone_has_one_soa_record[udp]"
WEB = "web.shop.svc.cluster.local. A"
RIGHT_THERE = Heard("a private instance without line 7", "w1", "NOERROR SRV 80 web.x.", True)
WRONG_THERE = Heard("one with the whole Corefile", "w1", "NXDOMAIN", False)


def place(hop: Hop, **more: object) -> Place:
    """A place that was proved, of the questions of one check."""
    subject = "ConfigMap kube-system/coredns, line 7: minimal"
    made = Place(
        hop=hop,
        subject=subject,
        question=f"{WEB} over udp",
        wanted="NOERROR [web.shop.svc.cluster.local. A 10.96.0.7]",
        questions=(WEB,),
        checks=(PLAIN,),
        alike="all are names of Services, of type A",
        right=RIGHT_THERE,
        wrong=WRONG_THERE,
        proved=True,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def failing_web(facts: Facts) -> Facts:
    """With a failed check that no cause is about."""
    wrong = cell(WEB, "w1", "pod/coredns-a (10.244.0.2)", "udp", RIGHT, NXDOMAIN)
    return failed(facts, PLAIN, wrong)


def told(facts: Facts) -> list[Diagnosis]:
    """All diagnoses."""
    return list(diagnose(facts).diagnoses)


def test_a_proved_place_needs_no_cause() -> None:
    """It comes first, sure, at the layer of its hop, with the pair of answers."""
    facts = replace(failing_web(healthy()), places=(place("corefile", named=("minimal",)),))
    (found,) = told(facts)
    assert (found.cause, found.layer, found.confidence) == ("corefile-line", "corefile", "high")
    assert "line 7: minimal" in found.summary
    assert "without line 7" in found.evidence[0]
    assert "NOERROR SRV 80 web.x." in found.evidence[0]
    assert "NXDOMAIN" in found.evidence[0]
    assert found.checks == (PLAIN,)


def test_what_was_not_proved_is_not_sure() -> None:
    """A place without proof is told as unknown, where it is, with what to try next."""
    unproved = place("upstream", proved=False, right=None, subject="10.0.0.1 (forward . 10.0.0.1)")
    (found,) = told(replace(failing_web(healthy()), places=(unproved,)))
    assert (found.cause, found.layer, found.confidence) == ("unknown", "upstream", "medium")
    assert "10.0.0.1" in found.summary
    assert found.remedy[0].startswith("ask next:")


def test_a_cause_that_names_the_line_has_the_proof() -> None:
    """No second diagnosis stands beside it."""
    facts = uncatalogued_faults.template(healthy())
    here = place("corefile", named=("template",), checks=(facts.troubles[0].name,))
    found = told(replace(facts, places=(here,)))
    assert [one.cause for one in found] == ["template-override"]
    assert "without line 7" in found[0].evidence[0]


def test_a_cause_of_another_line_is_taken_out() -> None:
    """The experiment says which line it is."""
    facts = uncatalogued_faults.template(healthy())
    here = place("corefile", named=("minimal",), checks=(facts.troubles[0].name,))
    assert [one.cause for one in told(replace(facts, places=(here,)))] == ["corefile-line"]


@pytest.mark.parametrize("hop", ["upstream", "corefile"])
def test_a_cause_of_another_hop_is_taken_out(hop: Hop) -> None:
    """Lost packets are not what makes an upstream or a Corefile wrong."""
    facts = starved.starving(healthy())
    names = tuple(trouble.name for trouble in facts.troubles)
    found = told(replace(facts, places=(place(hop, checks=names),)))
    assert [one.layer for one in found] == [LAYERS[hop]]


def test_a_cause_keeps_what_is_not_elsewhere_and_is_less_sure() -> None:
    """Of two checks that it explains one is proved to be another thing."""
    troubles = [Trouble(name, "failed") for name in (PLAIN, OTHER)]
    cause = Cause("x", "service", lambda _: None)
    finding = Finding("It is x.", (), (), Scope(EVERYTHING), "high")
    facts = replace(healthy(), places=(place("upstream"),))
    left = held(cause, finding, troubles, facts)
    assert left is not None
    assert (left.explained, left.finding.confidence) == (frozenset({OTHER}), "medium")
    assert "another one" in left.finding.against[0]


def test_who_answers_is_not_silent() -> None:
    """A cause by which nobody answers is taken out by one answer."""
    cause = Cause("x", "service", lambda _: None)
    finding = Finding(
        "Nobody answers.", (), (), Scope(EVERYTHING), silent=lambda t: t.server == "pod/coredns-a"
    )
    assert held(cause, finding, [Trouble(PLAIN, "failed")], healthy()) is None


def test_groups_that_go_wrong_at_one_place_are_one() -> None:
    """Their checks and questions are together."""
    both = [place("corefile"), place("corefile", checks=(OTHER,), questions=("x. A",))]
    (one,) = merged(both)
    assert (one.checks, one.questions) == ((PLAIN, OTHER), (WEB, "x. A"))


@pytest.mark.parametrize("hop", LAYERS)
@pytest.mark.parametrize("proved", [True, False])
def test_every_place_is_told_in_sentences(hop: Hop, proved: bool) -> None:
    """No list of Python, no empty subject, an end."""
    found = diagnosis_of(place(hop, proved=proved), healthy(), [PLAIN])
    lines = [found.summary, *found.evidence]
    assert found.summary.endswith(".")
    assert not found.summary.endswith("..")
    assert [line for line in lines if "('" in line or "['" in line or not line] == []
    assert found.remedy


def test_places_survive_json() -> None:
    """Recorded facts have them, and older ones have none."""
    facts = replace(failing_web(healthy()), places=(place("corefile"), place("passed", right=None)))
    assert Facts.from_json(facts.to_json()).places == facts.places
    text = healthy().to_json().replace('"places": [], ', "")
    assert '"places"' not in text
    assert Facts.from_json(text).places == ()


def test_a_disagreement_is_a_finding_about_us() -> None:
    """It stands in the evidence and among the warnings."""
    facts = replace(failing_web(healthy()), places=(place("corefile", about_us="reading errs"),))
    verdict = diagnose(facts)
    assert verdict.complaints == ("a reading of ours: reading errs",)
    assert "beware: reading errs" in verdict.diagnoses[0].evidence


def test_a_corefile_that_makes_answers_missing_is_no_filter() -> None:
    """A private instance is as silent: no way is to blame, and what was not asked follows."""
    facts = deaf_replica(healthy())
    left_out = no_answer("not asked: 3 rounds in a row had no answer here")
    silent = cell(WEB, "w1", "pod/coredns-a (10.244.0.2)", "udp", RIGHT, left_out)
    facts = failed(facts, PLAIN, silent)
    first = facts.troubles[0].name
    nothing = Heard("one with the whole Corefile", "w1", "no answer (timeout)", False)
    here = place("corefile", wrong=nothing, checks=(first,))
    (found,) = told(replace(facts, places=(here,)))
    assert found.cause == "corefile-line"
    assert {first, PLAIN} <= set(found.checks)
