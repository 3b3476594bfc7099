"""An experiment cannot be half there: class, fixture, check and the types between them agree."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, get_type_hints

import pytest

import fixtures.experiments
from clusterdns.cluster import Manifest
from clusterdns.experiments import EXPERIMENTS, ExperimentContext
from clusterdns.experiments.experiment import Experiment
from clusterdns.experiments.registry import AnyExperiment, registered
from selftests.spec.collected import PROJECT, Test, collect

PACKAGES = PROJECT / "clusterdns" / "experiments"


class Whole(Experiment[str]):
    """Something that is tried."""

    name = "whole"
    plan = ()

    def manifests(self) -> list[Manifest]:
        """Nothing."""
        return []

    def conduct(self, context: ExperimentContext) -> str:
        """Nothing."""
        return ""


class Nameless(Experiment[str]):
    """One that forgets most of it."""

    def manifests(self) -> list[Manifest]:
        """Nothing."""
        return []


class StrayExperiment:
    """One that forgets what it is."""


@pytest.fixture(scope="module")
def tests() -> Sequence[Test]:
    """The suite as it is collected."""
    return collect()


def module(*classes: type) -> ModuleType:
    """A module of a package of experiments that defines these."""
    made = ModuleType("clusterdns.experiments.new.experiment")
    for each in classes:
        vars(made)[each.__name__] = type(each.__name__, (each,), {"__module__": made.__name__})
    return made


def of_fixtures(holder: Mapping[str, object]) -> dict[str, str]:
    """The name of the fixture by the name that it has in the module."""
    kind = pytest.fixture(lambda: None).__class__
    return {
        name: str(vars(each)["name"])
        for name, each in holder.items()
        if isinstance(each, kind) and name in {*EXPERIMENTS, vars(each)["name"]}
    }


def forgotten(
    experiments: Iterable[str], fixtures: Mapping[str, str], tests: Iterable[Test]
) -> list[str]:
    """What is missing between the experiments, their fixtures, and the checks that judge them."""
    asked = {fixture for test in tests for fixture in test.fixtures}
    found = [f"{name} has no fixture" for name in experiments if fixtures.get(name) != name]
    return found + [f"no check asks for {name}" for name in experiments if name not in asked]


def test_every_experiment_has_a_fixture_and_a_check(tests: Sequence[Test]) -> None:
    """The fixture is made of the class; a check asks for it."""
    assert forgotten(EXPERIMENTS, of_fixtures(vars(fixtures.experiments)), tests) == []


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_what_is_forgotten_is_found(name: str, tests: Sequence[Test]) -> None:
    """Without the fixture of an experiment, or without its checks."""
    made = of_fixtures(vars(fixtures.experiments))
    without = {n: f for n, f in made.items() if n != name}
    unasked = [test for test in tests if name not in test.fixtures]
    assert forgotten(EXPERIMENTS, without, tests) == [f"{name} has no fixture"]
    assert forgotten(EXPERIMENTS, made, unasked) == [f"no check asks for {name}"]


def test_every_package_has_an_experiment() -> None:
    """What stands in a package is registered by that; a package without one was forgotten."""
    packages = {place.parent.name for place in PACKAGES.glob("*/__init__.py")}
    registered_in = {each.__module__.split(".")[-2] for each in EXPERIMENTS.values()}
    assert packages == registered_in


def test_what_is_defined_is_registered() -> None:
    """A class that is whole needs no list."""
    assert [*registered([module(Whole)])] == ["whole"]


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ([Nameless], r"Nameless of .*new\.experiment has no conduct, no name, no plan"),
        ([StrayExperiment], "StrayExperiment of .* is no Experiment"),
        ([Whole, type("Twin", (Whole,), {})], "Whole and Twin are both 'whole'"),
    ],
    ids=["not-whole", "stray", "twice"],
)
def test_what_is_not_whole_is_refused(classes: list[type], said: str) -> None:
    """At once, when the suite is loaded."""
    with pytest.raises(TypeError, match=said):
        registered([module(*classes)])


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_result_has_a_type(name: str) -> None:
    """The fixture's type is what the experiment returns, and its first line says what it shows."""
    assert result_of(EXPERIMENTS[name]) not in (Any, object, type(None))
    assert (EXPERIMENTS[name].__doc__ or "").partition("\n")[0].endswith(".")


def test_what_takes_a_result_has_its_type() -> None:
    """A fixture or a check that says another type than the experiment's reads the wrong thing."""
    results = {name: type_name(result_of(each)) for name, each in EXPERIMENTS.items()}
    taken = list(takers())
    assert {name for _, name, _ in taken} == results.keys()
    assert [each for each in taken if each[2] != results[each[1]]] == []


def result_of(experiment: AnyExperiment) -> object:
    """The type of an experiment's result."""
    return get_type_hints(experiment.conduct)["return"]


def type_name(found: object) -> str:
    """How a class is written in an annotation."""
    return str(getattr(found, "__name__", found))


def takers() -> Iterator[tuple[str, str, str]]:
    """What checks and fixtures that take a result say: the function, the result, its type."""
    for file in (*(PROJECT / "tests").rglob("test_*.py"), *(PROJECT / "fixtures").glob("*.py")):
        tree = ast.walk(ast.parse(file.read_text()))
        for node in (each for each in tree if isinstance(each, ast.FunctionDef)):
            for taken in node.args.args:
                if taken.arg in EXPERIMENTS and taken.annotation:
                    yield node.name, taken.arg, ast.unparse(taken.annotation)
