"""A remedy names the place where it lasts, and what undoes an edit of the wrong one."""

from dataclasses import replace

import pytest

from clusterdns.diagnosis import Facts
from clusterdns.diagnosis.lasting import CHANGES, lasting
from clusterdns.diagnosis.ranking import diagnose
from clusterdns.inventory.owner_places import Owner
from clusterdns.report.model import Diagnosis
from selftests.diagnosis.faulty_facts import FAULTY
from selftests.diagnosis.healthy_facts import healthy

COMMAND = "{kubectl} -n kube-system edit configmap/coredns-custom"
CUSTOM = Owner("k3s", COMMAND, "a key NAME.override", "k3s writes it anew", "its annotation")
SOURCE = Owner("Flux", "in the source repository of x", "", "Flux puts it back", "its label")
NOWHERE = Owner("a or b", "", "", "it is not known which", "two signs")
NAMES = ("configmap/coredns", "deployment/coredns", "service/kube-dns")


def owned(facts: Facts, owner: Owner) -> Facts:
    """With one owner of all objects."""
    return replace(facts, owned={f"kube-system {name}": owner for name in NAMES})


def remedied(owner: Owner, *remedy: str) -> tuple[str, ...]:
    """What becomes of a remedy."""
    found = Diagnosis("x", "corefile", "high", "x", remedy=remedy)
    return lasting(found, owned(replace(healthy(), context=""), owner)).remedy


EDIT = "kubectl -n kube-system edit configmap/coredns  # add the line: ready"
BEWARE = "beware: configmap/coredns belongs to k3s (its annotation): k3s writes it anew"


def test_edit_is_led_to_the_place_that_lasts() -> None:
    """The key stands beside what is to be written there; then whose the object is."""
    command = COMMAND.replace("{kubectl}", "kubectl")
    assert remedied(CUSTOM, EDIT) == (
        f"{command}  # a key NAME.override; add the line: ready",
        BEWARE,
    )
    assert remedied(CUSTOM, f"the Corefile: {EDIT.partition('  #')[0]}") == (
        f"the Corefile: {command}  # a key NAME.override",
        BEWARE,
    )


def test_what_only_adds_leaves_the_edit_for_until_then() -> None:
    """A line that is there is not changed by a second file: the edit helps, and does not last."""
    first, second, third = remedied(replace(CUSTOM, adds_only=True), EDIT)
    assert "coredns-custom" in first
    assert second == f"what does it until then, where a line must change: {EDIT}"
    assert third == BEWARE


def test_place_in_words_is_no_command() -> None:
    """A source repository has no command of ours."""
    assert remedied(SOURCE, EDIT)[0] == "in the source repository of x: add the line: ready"


def test_other_changes_are_named_for_until_then() -> None:
    """A patch helps now, and what makes it last is said first."""
    scale = "kubectl -n kube-system scale deployment/coredns --replicas=2"
    first, second = remedied(SOURCE, scale)
    assert first == f"in the source repository of x: what this does until then: {scale}"
    assert second.startswith("beware: deployment/coredns belongs to Flux")


def test_contradicting_signs_change_no_remedy() -> None:
    """Where nobody knows whose it is, the remedy stays, and says so."""
    assert remedied(NOWHERE, EDIT) == (
        EDIT,
        "beware: configmap/coredns belongs to a or b (two signs): it is not known which",
    )


def test_restarts_and_other_objects_are_left_alone() -> None:
    """A roll-out is no edit, and other ConfigMaps have no owner here."""
    lines = (
        "kubectl -n kube-system rollout restart deployment/coredns",
        "kubectl -n kube-system edit configmap/other",
        "on w1: systemctl restart kubelet",
    )
    assert remedied(CUSTOM, *lines) == lines


@pytest.mark.parametrize("name", FAULTY)
def test_no_remedy_edits_what_belongs_to_somebody(name: str) -> None:
    """Whatever the fault is: a change of an owned object is one for until it is put back."""
    facts = owned(FAULTY[name][1](healthy()), SOURCE)
    for found in diagnose(facts).diagnoses:
        for line in found.remedy:
            match = CHANGES.search(line)
            mine = match and f"{match['home']} {match['object']}" in facts.owned
            passing = line.startswith("beware: ")
            assert not mine or passing or "until then" in line, line


def test_owners_survive_the_file_of_facts() -> None:
    """Recorded facts have them too."""
    facts = owned(healthy(), CUSTOM)
    assert Facts.from_json(facts.to_json()).owned == facts.owned
