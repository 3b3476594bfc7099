"""All experiments there are: whatever a package below this one defines is found.

What an experiment makes is declared for --plan here, by the name of its fixture; so is what all
of them have in common.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from clusterdns.experiments.experiment import NAMESPACE, SLICES, Experiment
from clusterdns.run.plan import PlannedObject, declare

AnyExperiment = type[Experiment[Any]]
FOLDER, PARENT = Path(__file__).parent, __name__.rpartition(".")[0]
RBAC = "rbac.authorization.k8s.io"
GLOBAL = ("create", "get", "list", "delete")
HAND_ON = "to hand it on: who has these, or the verbs below, may put them into that role"
WHY_NOT = PlannedObject("", "Event", NAMESPACE, "*", ("list",), "why a pod does not start")
# The account that reads the cluster for a private CoreDNS, and what it is given.
READER = (
    PlannedObject(
        "", "ServiceAccount", NAMESPACE, "coredns", ("create",), "of the private CoreDNS"
    ),
    PlannedObject(
        RBAC,
        "ClusterRole",
        None,
        f"{NAMESPACE}-coredns",
        GLOBAL,
        "list and watch on what its Corefiles read: services, namespaces, endpointslices, pods",
    ),
    PlannedObject(RBAC, "ClusterRoleBinding", None, f"{NAMESPACE}-coredns", GLOBAL, "to it"),
    PlannedObject("", "Service, Namespace, Pod", None, "*", ("list", "watch"), HAND_ON),
    PlannedObject(SLICES, "EndpointSlice", None, "*", ("list", "watch"), HAND_ON),
    PlannedObject(
        RBAC,
        "ClusterRole",
        None,
        f"{NAMESPACE}-coredns",
        ("bind", "escalate"),
        "to hand it on: only where you do not have these yourself",
    ),
)


def modules() -> list[ModuleType]:
    """Every module of the packages of experiments, imported, in order of their names."""
    packages = [each.name for each in pkgutil.iter_modules([str(FOLDER)]) if each.ispkg]
    found: list[ModuleType] = []
    for package in packages:
        name = f"{PARENT}.{package}"
        place = importlib.import_module(name).__path__
        found += [importlib.import_module(f"{name}.{m.name}") for m in pkgutil.iter_modules(place)]
    return found


def registered(places: Iterable[ModuleType]) -> dict[str, AnyExperiment]:
    """The experiments that these modules define, by the names of their fixtures.

    Raises TypeError for one that is not whole, so that none is left out in silence.
    """
    found: dict[str, AnyExperiment] = {}
    for module in places:
        for each in vars(module).values():
            if not inspect.isclass(each) or each.__module__ != module.__name__:
                continue
            if not issubclass(each, Experiment):
                if each.__name__.endswith("Experiment"):
                    raise TypeError(f"{each.__qualname__} of {module.__name__} is no Experiment")
                continue
            name = must_be_whole(each)
            if name in found:
                raise TypeError(f"{found[name].__name__} and {each.__name__} are both {name!r}")
            found[name] = each
    return found


def must_be_whole(experiment: AnyExperiment) -> str:
    """The name of an experiment. Raises TypeError when it lacks what a run needs of it."""
    lacking = sorted(getattr(experiment, "__abstractmethods__", ()))
    lacking += [what for what in ("name", "plan") if not hasattr(experiment, what)]
    if lacking:
        where = f"{experiment.__name__} of {experiment.__module__}"
        raise TypeError(f"the experiment {where} has no {', no '.join(lacking)}")
    return experiment.name


def declare_objects(experiments: Mapping[str, AnyExperiment]) -> None:
    """Add the objects of each experiment to the plans of selections that want it."""
    for name, experiment in experiments.items():
        common = (WHY_NOT, *READER) if experiment.reads_cluster else (WHY_NOT,)
        declare(*experiment.plan, *common, wanted_by=[name])


EXPERIMENTS: Mapping[str, AnyExperiment] = registered(modules())
"""The class of every experiment, by the name of its fixture."""

declare_objects(EXPERIMENTS)
