"""All mutants: whatever a file of the catalogue holds is found."""

import fnmatch
import importlib
import pkgutil
from collections.abc import Sequence
from typing import TypeVar

from trials.faults import catalogue
from trials.faults.mutant import Mutant

M = TypeVar("M", bound=Mutant)


def found_in_catalogue() -> tuple[Mutant, ...]:
    """The MUTANTS of every file of the catalogue, those of the usual cluster first.

    Raises AttributeError for a file without any, ValueError for a name that comes twice.
    """
    names = [
        f"{catalogue.__name__}.{each.name}" for each in pkgutil.iter_modules(catalogue.__path__)
    ]
    found = tuple(mutant for name in names for mutant in importlib.import_module(name).MUTANTS)
    for mutant in found:
        if sum(mutant.name == other.name for other in found) > 1:
            raise ValueError(f"two mutants are named {mutant.name}")
    return tuple(sorted(found, key=lambda mutant: mutant.topology != Mutant.topology))


MUTANTS: tuple[Mutant, ...] = found_in_catalogue()


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises KeyError."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]


def chosen(expression: str) -> list[Mutant]:
    """Those of the catalogue whose name is or contains one of the words, wildcards allowed."""
    return chosen_among(MUTANTS, expression)


def chosen_among(among: Sequence[M], expression: str) -> list[M]:
    """The same of any mutants."""
    words = expression.replace(" or ", " ").replace(",", " ").split()
    names = {mutant.name for mutant in among}
    return [m for m in among if not words or any(_means(w, m.name, names) for w in words)]


def _means(word: str, name: str, names: set[str]) -> bool:
    if word in names:
        return word == name
    return fnmatch.fnmatchcase(name, f"*{word}*")
