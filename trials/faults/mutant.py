"""What a mutant is: a fault that can be put into a cluster, with the checks that must then fail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from trials.faults.scene import Scene

Family = Literal["A", "C", "N", "K", "R", "E"]


class Seen(NamedTuple):
    """What a look at the cluster showed: whether the symptom is there, and the proof."""

    there: bool
    proof: str


@dataclass(frozen=True)
class Mutant:
    """One fault. Whatever ``inject`` does by the verbs of Scene is undone by itself.

    ``fails`` and ``deviates`` are patterns (fnmatch) of test names such as
    ``test_service_has_port[53-tcp]``: each must be met by at least one failed check, or by one
    advice check that did not hold. ``causes`` are the diagnoses that are right, the best first.
    """

    name: str  # as in the catalogue of faults
    title: str  # one sentence
    family: Family  # API object, Corefile, Node command, Kubelet, Recreated cluster, imitatEd
    inject: Callable[["Scene"], object]
    symptom: Callable[["Scene"], Seen]  # looks without the suite
    fails: tuple[str, ...] = ()
    deviates: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()  # () stands for the mutant's own name
    remedy: str = ""  # a pattern that a line of the right diagnosis' remedy must meet
    select: str = ""  # pytest's -k for the quick proof in the self-tests
    topology: str = "three-nodes"
    within: float = 20.0  # seconds until the symptom shows
    arguments: tuple[str, ...] = ()  # of the suite, where the fault is one of a namespace
    where: str = ""  # the part of the cluster that has it, such as "one node"; "" is all of it
    catalogued: bool = True  # False: invented to see what the suite says of what it does not know
    always: bool = False  # every run of the self-tests proves it: a minute each, so only a few
    dead: bool = False  # nobody gets an answer: the run must end soon for all that

    @property
    def quick(self) -> str:
        """The part of the suite that proves it: as said, else the checks that must notice."""
        names = {pattern.split("[")[0] for pattern in (*self.fails, *self.deviates)}
        return self.select or " or ".join(sorted(names))

    @property
    def right_causes(self) -> tuple[str, ...]:
        """The diagnoses that count as right."""
        return self.causes or (self.name,)


@dataclass(frozen=True)
class Impossible:
    """A fault of the catalogue that is not made here, and why."""

    name: str
    reason: str
