"""What is drawn: the same for the same seed, of every family, and each with a truth that holds."""

from collections.abc import Mapping
from typing import get_args

import pytest

from clusterdns.diagnosis.layers import Layer
from trials.faults.drawn.corefile_text import KUBEADM
from trials.faults.drawn.grammar import DrawnMutant, all_families, draw
from trials.faults.drawn.truth import HOP_OF_LAYER, Hop
from trials.faults.register import MUTANTS, chosen_among

SEEDS = (1, 2, 3)
MANY = [mutant for seed in range(1, 30) for mutant in draw(60, seed)]


def what(mutant: DrawnMutant) -> tuple[str, str, object, str]:
    """All of a fault that can be compared."""
    text = mutant.edit(KUBEADM) if mutant.edit else ""
    return mutant.name, mutant.title, mutant.truth, text


def without_example(drawn: list[DrawnMutant], families: Mapping[str, object]) -> set[str]:
    """The families that none of these faults is of."""
    return set(families) - {mutant.family_name for mutant in drawn}


@pytest.mark.parametrize("seed", SEEDS)
def test_same_seed_gives_same_faults(seed: int) -> None:
    """A fault can be run alone again, by its name."""
    assert [what(m) for m in draw(60, seed)] == [what(m) for m in draw(60, seed)]


def test_longer_draw_begins_like_a_shorter_one() -> None:
    """The number of faults does not change which the first ones are."""
    assert [m.name for m in draw(20, 1)] == [m.name for m in draw(60, 1)][:20]


def test_different_seeds_differ() -> None:
    """Two seeds share hardly a fault."""
    first, second = ({m.name.split("-", 3)[3] for m in draw(60, seed)} for seed in (1, 2))
    assert len(first & second) < 30


@pytest.mark.parametrize("seed", SEEDS)
def test_every_family_has_an_example_in_sixty(seed: int) -> None:
    """One round of all families is not longer than what is aimed at."""
    assert without_example(draw(60, seed), all_families()) == set()


def test_family_without_an_example_is_noticed() -> None:
    """The look itself works."""
    families = {**all_families(), "nobody-draws-this": None}
    assert without_example(draw(60, 1), families) == {"nobody-draws-this"}


def test_every_hop_has_a_family() -> None:
    """All hops but the node-local cache, which these clusters do not have."""
    assert {m.truth.hops[0] for m in MANY} == set(get_args(Hop)) - {"node-local"}


def test_every_layer_of_a_diagnosis_has_its_hop() -> None:
    """A layer that is not in the table could never be right."""
    assert set(HOP_OF_LAYER) == set(get_args(Layer))
    assert set(HOP_OF_LAYER.values()) - {""} <= set(get_args(Hop))


def test_names_are_unique_and_fit_a_folder() -> None:
    """Also among those of the catalogue."""
    names = [mutant.name for mutant in (*MANY, *MUTANTS)]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 64 and name.replace("-", "").isalnum() for name in names)


def test_one_is_chosen_by_its_name() -> None:
    """As in ``--random 20 --seed 1 -k NAME``."""
    drawn = draw(20, 1)
    assert chosen_among(drawn, drawn[6].name) == [drawn[6]]


def test_truth_names_what_the_changed_corefile_has() -> None:
    """A line that is named is there; what was taken out is named by what is gone."""
    for mutant in MANY:
        if mutant.edit is None:
            continue
        after = mutant.edit(KUBEADM)
        assert after != KUBEADM, mutant.name
        lines = {line.strip().removesuffix("{").strip() for line in after.splitlines()}
        numbers = {f"line {n}" for n in range(1, len(after.splitlines()) + 2)}
        gone = set(KUBEADM.split()) - {"{", "}"}
        words = lines | numbers | set(after.split()) | gone
        named = [each for each in mutant.truth.objects if each in words]
        assert named, (mutant.name, mutant.truth.objects)


def test_every_truth_names_something_or_learns_it_in_the_cluster() -> None:
    """Only rules on one node know their object, the node, no earlier than in the cluster."""
    nameless = {m.family_name for m in MANY if not m.truth.objects}
    assert all(name.startswith(("firewall-", "probe-ports")) for name in nameless), nameless
