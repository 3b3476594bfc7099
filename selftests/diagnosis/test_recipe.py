"""The cause that CONTRIBUTING shows does what the recipe says."""

from dataclasses import replace

import pytest

from clusterdns.diagnosis import diagnose, finding
from selftests.diagnosis.edit_facts import failing
from selftests.diagnosis.healthy_facts import healthy
from selftests.spec.recipes import examples, module_of


def test_the_example_of_a_cause_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes first for its case, explains all of it, and no other is sure."""
    monkeypatch.setattr(finding, "_REGISTER", finding.Register(finding.all_causes()))
    cause, case = examples("Add a cause")
    found = module_of(cause, "clusterdns.diagnosis.causes.new", monkeypatch)
    table = module_of(
        case,
        "selftests.diagnosis.new",
        monkeypatch,
        failing=failing,
        replace=replace,
        Facts=found.Facts,
    )
    ((name, change),) = table.FAULTY.values()
    facts = change(healthy())

    told = diagnose(facts)
    assert (told.diagnoses[0].cause, told.complaints) == (name, ())
    assert {d.cause for d in told.diagnoses if d.confidence == "high"} == {name}
    assert {t.name for t in facts.troubles} == {*told.diagnoses[0].checks}
    assert finding.all_causes()[name].find(healthy()) is None
