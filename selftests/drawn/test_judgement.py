"""Scoring: reports made by hand, held against a truth; and the table of what came of it."""

from typing import Any

import pytest

from trials.faults.drawn.grammar import draw
from trials.faults.drawn.judgement import Judgement, judged
from trials.faults.drawn.table import aims_are_met, rate, table
from trials.faults.drawn.trial import DrawnTrial, begin
from trials.faults.drawn.truth import Truth

TRUTH = Truth(("corefile",), ("template IN A cluster.local", "line 7", "template"))


def report(
    layer: str = "corefile",
    confidence: str = "high",
    evidence: str = "line 7 of the Corefile",
    outcome: str = "failed",
    *more: dict[str, Any],
    cause: str = "some-cause",
) -> dict[str, Any]:
    """A report with one check that did not pass, and a first diagnosis."""
    first = {
        "cause": cause,
        "layer": layer,
        "confidence": confidence,
        "summary": "Something takes the names.",
        "evidence": [evidence],
        "remedy": ["edit it"],
    }
    return {"checks": [{"outcome": outcome}, {"outcome": "passed"}], "diagnoses": [first, *more]}


OTHER = {**report()["diagnoses"][0], "cause": "other", "layer": "upstream"}


@pytest.mark.parametrize(
    ("document", "noticed", "hop", "named", "wrong"),
    [
        (report(), True, True, True, ()),
        (report(outcome="deviation"), True, True, True, ()),
        (report(outcome="passed"), False, True, True, ()),
        (report(evidence="line 17 of the Corefile"), True, True, False, ()),
        (report(evidence="TEMPLATE  in a cluster.local"), True, True, True, ()),
        (report("upstream"), True, False, False, ("some-cause",)),
        (report("upstream", "medium"), True, False, False, ()),
        (report("unknown", "low"), True, False, False, ()),
        (report("records"), True, True, True, ()),
        (report("records", "low", cause="unknown"), True, False, False, ()),
        (report("corefile", "low", cause="unknown"), True, True, True, ()),
        (report("a-layer-of-tomorrow", "low"), True, False, False, ()),
        (report("corefile", "high", "line 7", "failed", OTHER), True, True, True, ("other",)),
        ({"checks": [{"outcome": "failed"}], "diagnoses": []}, True, False, False, ()),
        ({}, False, False, False, ()),
    ],
)
def test_change_is_scored(
    document: dict[str, Any], noticed: bool, hop: bool, named: bool, wrong: tuple[str, ...]
) -> None:
    """Noticed, the hop, the object, and what is sure and wrong: each by itself."""
    found = judged(TRUTH, (), True, document, 1)
    seen = (found.noticed, found.hop_right, found.object_right, found.wrong_with_high)
    assert seen == (noticed, hop, named, wrong)
    assert found.green is None


@pytest.mark.parametrize(("code", "green"), [(0, True), (1, False), (3, False), (10, False)])
def test_harmless_fault_must_be_green(code: int, green: bool) -> None:
    """Where nothing is wrong nothing can be noticed, and no hop is right or wrong."""
    found = judged(TRUTH, (), False, {"checks": [], "diagnoses": []}, code)
    assert found == Judgement(green=green)


def test_sure_cause_elsewhere_counts_where_nothing_is_wrong() -> None:
    """A false alarm may be green by its exit code, and still be sure of what is not so."""
    assert judged(TRUTH, (), False, report("upstream"), 0).wrong_with_high == ("some-cause",)


@pytest.mark.parametrize(
    ("objects", "text", "named"),
    [
        (("any",), "There is no answer to any question.", False),
        (("any",), "The plugin any answers.", True),
        (("any",), "`any` stands in the block", True),
        (("ready",), "The Corefile has no ready.", True),
        (("ready",), "Two replicas are ready.", False),
        (("10.244.0.7",), "asks 10.244.0.77", False),
        (("10.244.0.7",), "asks 10.244.0.7:53", True),
        (("5m",), "a limit of 15m", False),
        ((), "whatever", False),
        (("",), "whatever", False),
    ],
)
def test_name_must_be_meant(objects: tuple[str, ...], text: str, named: bool) -> None:
    """A word of plain English names a plugin only where it is called one."""
    assert Truth(("corefile",), objects).names_object(text) is named


def test_words_of_the_cluster_count() -> None:
    """Such as the address of a stand-in, which nobody knows before it runs."""
    assert Truth(("upstream",), ()).names_object("10.244.0.9 lies", ("10.244.0.9",))


def trial(number: int, **fields: object) -> DrawnTrial:
    """A trial that ended well, or as said."""
    made = begin(draw(20, 1)[number])
    made.state = "changed"
    document = report(layer="corefile", evidence="line 7")
    made.judgement = {**vars(judged(TRUTH, (), True, document, 1))}
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_aims_are_met_by_a_perfect_run() -> None:
    """Nothing missed, and it says so."""
    documents = [trial(n).as_document() for n in range(3)]
    assert aims_are_met(documents)
    assert "Nothing was missed." in table(documents)
    assert rate(documents, "hop_right") == (3, 3)
    assert rate(documents, "green") == (0, 0)


@pytest.mark.parametrize(
    ("missed", "said"),
    [
        ({"noticed": False}, "not noticed"),
        ({"hop_right": False, "object_right": False}, "another hop or none"),
        ({"object_right": False}, "object not named"),
        ({"wrong_with_high": ("packets-lost",)}, "sure of what lies elsewhere: packets-lost"),
        ({"noticed": None, "hop_right": None, "object_right": None, "green": False}, "not green"),
    ],
    ids=["unnoticed", "hop", "object", "sure", "red"],
)
def test_every_miss_is_in_the_table(missed: dict[str, Any], said: str) -> None:
    """With the fault's name, and what the suite said instead."""
    bad = trial(0)
    bad.judgement = {**bad.judgement, **missed}
    documents = [bad.as_document(), trial(1).as_document()]
    line = next(each for each in table(documents).splitlines() if each.startswith("- "))
    assert bad.name in line
    assert said in line
    assert not aims_are_met(documents)


def test_fault_that_could_not_be_made_does_not_count() -> None:
    """It is listed with the reason, and no rate has it."""
    unmade = begin(draw(1, 1)[0])
    unmade.why_not = "422: spec.ports: may not"
    documents = [unmade.as_document(), trial(1).as_document()]
    assert aims_are_met(documents)
    assert f"- `{unmade.name}`: 422: spec.ports: may not" in table(documents)


def test_cluster_that_stays_broken_fails_the_run() -> None:
    """Whatever the suite said."""
    broken = trial(0, not_reverted="the onlooker still sees: no answer").as_document()
    assert not aims_are_met([broken])
    assert "Could not be taken out again:" in table([broken])
