"""What a shape is: a way in which clusters have their DNS, and the faults that are tried in it."""

from collections.abc import Callable
from dataclasses import dataclass

from trials.faults.dns_objects import KUBEADM, DnsObjects
from trials.faults.mutant import Mutant
from trials.healthy.shapes.parts import Making


@dataclass(frozen=True)
class Shape:
    """A way in which clusters have their DNS."""

    name: str
    what: str
    make: Callable[[Making], None]
    dns: DnsObjects = KUBEADM  # what serves DNS in it
    truly: tuple[str, ...] = ()  # causes that are not false there, such as a single replica
    mutants: tuple[Mutant, ...] = ()  # instead of those of the same place among the usual six
