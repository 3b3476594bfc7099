"""The register of families of faults, and the draw: the same seed always gives the same faults."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from trials.faults.drawn.truth import Truth
from trials.faults.mutant import Family, Mutant, Seen
from trials.faults.scene import Scene

# What an injection returns: words that name the object and are known only in the cluster.
Inject = Callable[[Scene], tuple[str, ...] | None]
Edit = Callable[[str], str]


LONGEST = 64  # of a name, which is a folder too
NOWHERE = Truth((), ())


@dataclass(frozen=True)
class Drawn:
    """One fault of a family.

    ``variant`` is the end of its name, such as ``nxdomain-at-top``. ``edit`` is there where the
    fault is a change of the Corefile alone.
    """

    variant: str
    title: str
    letter: Family
    truth: Truth
    inject: Inject
    edit: Edit | None = None
    where: str = ""


@dataclass(frozen=True)
class DrawnMutant(Mutant):
    """A mutant made at run time. Which checks must notice it is not known, so none is named."""

    truth: Truth = NOWHERE
    family_name: str = ""
    put_in: Inject = lambda _: None
    edit: Edit | None = None


Draw = Callable[[Random], Drawn]
_FAMILIES: dict[str, Draw] = {}


def family(name: str) -> Callable[[Draw], Draw]:
    """Enter a function from dice to a fault into the register."""

    def enter(draw: Draw) -> Draw:
        if name in _FAMILIES:
            raise ValueError(f"two families are named {name}")
        _FAMILIES[name] = draw
        return draw

    return enter


def either(dice: Random, *draws: Draw) -> Drawn:
    """One of several draws, whose name begins the variant's: a family of small ones."""
    chosen = dice.choice(draws)
    drawn = chosen(dice)
    return replace(drawn, variant=f"{chosen.__name__.replace('_', '-')}-{drawn.variant}")


def all_families() -> dict[str, Draw]:
    """Every family of every file in trials/faults/drawn/families, by name."""
    package = importlib.import_module("trials.faults.drawn.families")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_FAMILIES.items()))


def draw(number: int, seed: int) -> list[DrawnMutant]:
    """So many faults; the first of a longer draw are those of a shorter one.

    Families come in rounds, each in an order of its own, so that every family is there once all
    of them have had their turn.
    """
    families = all_families()
    order = Random(f"order of {seed}")
    names: list[str] = []
    while len(names) < number:
        names += order.sample(list(families), len(families))
    return [
        _mutant(seed, index, name, families[name](Random(f"{seed} {index} {name}")))
        for index, name in enumerate(names[:number], start=1)
    ]


def _mutant(seed: int, index: int, name: str, drawn: Drawn) -> DrawnMutant:
    return DrawnMutant(
        name=f"random-{seed}-{index:02d}-{name}-{drawn.variant}"[:LONGEST].rstrip("-"),
        title=drawn.title,
        family=drawn.letter,
        inject=drawn.inject,
        symptom=lambda _: Seen(True, "judged by the onlooker"),
        where=drawn.where,
        catalogued=False,
        truth=drawn.truth,
        family_name=name,
        put_in=drawn.inject,
        edit=drawn.edit,
    )
