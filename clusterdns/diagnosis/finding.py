"""The result of a cause: a finding, and which checks it explains; and the register of causes."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.layers import Layer
from clusterdns.diagnosis.rows import Talk
from clusterdns.diagnosis.scopes import Scope
from clusterdns.report.model import Confidence


@dataclass(frozen=True)
class Finding:
    """A cause that the facts speak for, with what speaks for and against it."""

    summary: str  # one sentence with names and values
    evidence: tuple[str, ...]
    remedy: tuple[str, ...]  # commands and steps for exactly this cluster
    scope: Scope
    confidence: Confidence = "high"
    against: tuple[str, ...] = ()
    assumes: int = 0  # how much of it was not seen, but must be so
    tell_apart: str = ""  # what would tell it from its neighbours
    # What it predicts: to these questions nobody answers. One that is answered contradicts it.
    silent: Callable[[Talk], bool] | None = None


@dataclass(frozen=True)
class Cause:
    """A row of the register.

    ``leads_to`` names causes that are only consequences of this one: where both are found, this
    one lies deeper.
    """

    name: str  # as in the catalogue of faults
    layer: Layer
    find: Callable[[Facts], Finding | None]
    leads_to: tuple[str, ...] = ()


@dataclass
class Register:
    """All causes by name."""

    causes: dict[str, Cause] = field(default_factory=dict)


_REGISTER = Register()

Find = Callable[[Facts], Finding | None]


def cause(name: str, layer: Layer, leads_to: tuple[str, ...] = ()) -> Callable[[Find], Find]:
    """Enter a function of facts into the register."""

    def enter(find: Find) -> Find:
        if name in _REGISTER.causes:
            raise ValueError(f"two causes are named {name}")
        _REGISTER.causes[name] = Cause(name, layer, find, leads_to)
        return find

    return enter


def all_causes() -> dict[str, Cause]:
    """Every cause of every file in clusterdns/diagnosis/causes."""
    package = importlib.import_module("clusterdns.diagnosis.causes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(_REGISTER.causes)
