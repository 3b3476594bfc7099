"""What an experiment is: a class that carries all that a run, a plan and a fixture need of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from clusterdns.cluster import Manifest
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.run.plan import PLACES, PlannedObject

Result_co = TypeVar("Result_co", covariant=True)
NAMESPACE = PLACES.main
SLICES = "discovery.k8s.io"
CHANGED = ("patch",)
WATCHED = ("get", "patch")  # changed too, and looked at whether it is still the same process


@dataclass
class Experiment(ABC, Generic[Result_co]):
    """Something that is set up first and conducted when there are probes.

    A class in a package below this one that says its ``name`` is registered by that alone (see
    ``registry``). The first line of its docstring says what the result shows: ``pytest
    --fixtures`` prints it. The result's type is what ``conduct`` returns.
    """

    name: ClassVar[str]  # of the fixture that has the result
    plan: ClassVar[tuple[PlannedObject, ...]]  # all that it makes, reads and changes, for --plan
    reads_cluster: ClassVar[bool] = False  # its CoreDNS needs an account that reads the cluster
    needs_coredns: ClassVar[bool] = True  # False: it starts none, so any cluster DNS will do
    survives_refusals: ClassVar[bool] = False  # an object that is refused costs only a part of it

    setup: ExperimentSetup

    @classmethod
    def make(cls, setup: ExperimentSetup) -> Self:
        """Write the experiment down; nothing is made in the cluster yet.

        Raises NotPossibleError where it cannot be carried out at all.
        """
        return cls(setup)

    @abstractmethod
    def manifests(self) -> list[Manifest]:
        """The objects that must be there before it can be conducted."""

    @abstractmethod
    def conduct(self, context: ExperimentContext) -> Result_co:
        """Carry it out. Raises NotPossibleError when something of ours cannot be had."""


def planned_coredns(name: str, why: str, also: tuple[str, ...] = ()) -> tuple[PlannedObject, ...]:
    """What a private CoreDNS of this name is made of; ``also``: further verbs for its pod."""
    patched = CHANGED if "patch" in also else ()
    return (
        PlannedObject("", "Pod", NAMESPACE, name, ("create", "list", *also), why),
        PlannedObject("", "ConfigMap", NAMESPACE, name, ("create", *patched), "its files"),
        PlannedObject("", "Pod/log", NAMESPACE, name, ("get",), "what arrived and why"),
    )


# What is read by those that ask for the API server's own name.
KNOWN_NAME = (
    PlannedObject("", "Service", "default", "kubernetes", ("get",), "a name that is known"),
    PlannedObject("", "Pod", NAMESPACE, "*", ("list",), "the addresses of probes"),
)
