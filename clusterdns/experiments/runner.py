"""All experiments of a run: their objects are made in one go, then they run side by side.

The objects are made as soon as there is a namespace; the experiments begin as soon as there are
probes; the checks only wait for the results.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any, Protocol, TypeVar

from kubernetes.client import ApiException

from clusterdns.background import begin
from clusterdns.cluster import Manifest
from clusterdns.corefile import CorefileError, Reading, parse
from clusterdns.corefile.directives import version_of
from clusterdns.experiments.api_loss.api_late import ApiLateExperiment
from clusterdns.experiments.api_loss.api_lost import ApiLossExperiment
from clusterdns.experiments.cache.experiment import CachingExperiment
from clusterdns.experiments.configured.experiment import ConfiguredExperiment
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup, bench_nodes
from clusterdns.experiments.forward_options.experiment import ChoosingExperiment
from clusterdns.experiments.forwarding.experiment import ForwardingExperiment
from clusterdns.experiments.forwarding.outside_names import OutsideNamesExperiment
from clusterdns.experiments.leaving.experiment import LeavingExperiment
from clusterdns.experiments.logs_and_metrics.experiment import ReportingExperiment
from clusterdns.experiments.loops.experiment import HiddenLoopExperiment, LoopingExperiment
from clusterdns.experiments.loops.upstreams import UpstreamsExperiment
from clusterdns.experiments.reload.experiment import ReloadsExperiment
from clusterdns.experiments.updates.experiment import UpdatesExperiment
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.metrics import NoMetricsError
from clusterdns.inventory.permissions import Readable, read_by
from clusterdns.own_coredns import ACCOUNT, NotPossibleError, may_read_cluster
from clusterdns.probe import ProbeLostError
from clusterdns.run.ledger import one_line
from clusterdns.testbed.testbed import DEFAULT_DOMAIN, Testbed, Workspace

T = TypeVar("T")


class Experiment(Protocol):
    """Something that is set up first and conducted when there are probes."""

    def manifests(self) -> list[Manifest]:
        """What is to be made."""
        ...

    def conduct(self, context: ExperimentContext) -> Any:  # noqa: ANN401 (each has a result of its own)
        """Carry it out. Raises NotPossibleError when something of ours cannot be had."""
        ...


def forwarding(setup: ExperimentSetup) -> Experiment:
    """The forwarding experiment, with the cluster's names where we may read them."""
    why = "" if setup.account else setup.no_account
    return ForwardingExperiment(setup, setup.account, why, cluster_zone(setup))


def api_lost(setup: ExperimentSetup) -> Experiment:
    """The loss of the API. Raises NotPossibleError where we may not read the cluster."""
    return ApiLossExperiment(setup, account_of(setup), cluster_zone(setup))


def api_late(setup: ExperimentSetup) -> Experiment:
    """A start without the API. Raises NotPossibleError where we may not read the cluster."""
    return ApiLateExperiment(setup, account_of(setup), cluster_zone(setup))


def configured(setup: ExperimentSetup) -> Experiment:
    """Other ways to configure it. Raises NotPossibleError where we may not read the cluster."""
    return ConfiguredExperiment(setup, account_of(setup), cluster_zone(setup))


def account_of(setup: ExperimentSetup) -> str:
    """The account that may read the cluster. Raises NotPossibleError."""
    if setup.account is None:
        raise NotPossibleError(setup.no_account)
    return setup.account


def cluster_zone(setup: ExperimentSetup) -> str:
    """The cluster domain as the Corefile has it, else the usual one."""
    reading = setup.workspace.inventory.reading
    return (reading.cluster_zone if reading else None) or f"{DEFAULT_DOMAIN}."


EXPERIMENTS: Mapping[str, Callable[[ExperimentSetup], Experiment]] = {
    "outside_names": OutsideNamesExperiment,
    "forwarding": forwarding,
    "upstreams": UpstreamsExperiment,
    "loop_detected": LoopingExperiment,
    "loop_hidden": HiddenLoopExperiment,
    "reloads": ReloadsExperiment,
    "updates": UpdatesExperiment,
    "caching": CachingExperiment,
    "choosing": ChoosingExperiment,
    "api_lost": api_lost,
    "api_late": api_late,
    "reporting": ReportingExperiment,
    "left": LeavingExperiment,
    "configured": configured,
}
KNOWING = ("forwarding", "api_lost", "api_late", "configured")  # these read the cluster
SPARING = {"updates"}  # an object that is refused costs them a part of their results
LOOKING_ONLY = ("outside_names", "upstreams", "updates")  # these need no CoreDNS of ours


class ExperimentRunner:
    """The experiments that the selected checks need. Raises nothing but in ``result``."""

    def __init__(
        self, workspace: Workspace, wanted: Collection[str], external_name: str | None = None
    ) -> None:
        self._workspace = workspace
        self._external_name = external_name
        self._wanted = [name for name in EXPERIMENTS if name in wanted]
        self._testbed: Future[Testbed] = Future()
        self._impossible: dict[str, str] = {}  # why an experiment cannot even be written down
        self._refused: dict[tuple[str, str, str], ApiException] = {}  # by kind, namespace, name
        self._lacking: dict[str, list[tuple[str, str, str]]] = {}  # which of these it needs
        self._made = begin("objects of the experiments", self._make)
        self._results = {
            name: begin(f"experiment {name}", partial(self._conduct, name)) for name in self._wanted
        }

    def begin(self, testbed: Testbed) -> None:
        """There are probes now."""
        if not self._testbed.done():
            self._testbed.set_result(testbed)

    def result(self, name: str) -> Any:  # noqa: ANN401 (each has a result of its own)
        """The result of an experiment, once it is there. Raises NotPossibleError."""
        timeouts = self._workspace.timeouts
        most = timeouts.probe + timeouts.pod + 4 * timeouts.reload
        try:
            return self._results[name].result(most)
        except TimeoutError:
            raise NotPossibleError(f"the experiment {name} did not end within {most:g} s") from None
        except (ProbeLostError, NoMetricsError, ApiException) as error:
            raise NotPossibleError(f"the experiment {name} broke off: {one_line(error)}") from error

    def settle(self) -> None:
        """Wait until nothing is being made any more: only then can everything be undone."""
        timeouts = self._workspace.timeouts
        wait([self._made], 2 * timeouts.api)

    def _make(self) -> dict[str, tuple[ExperimentSetup, Experiment]]:
        """Everything that the experiments need in the cluster, side by side, over the nodes."""
        workspace = self._workspace
        names = [n for n in self._wanted if n in LOOKING_ONLY or has_coredns(workspace)]
        nodes = bench_nodes(workspace)
        first = ExperimentSetup(workspace, nodes[0], self._external_name)
        what = read_by_experiments(first, [name for name in names if name in KNOWING])
        account, why = reader(workspace, what) if what else (None, "")
        turns = cycle(nodes)
        experiments: dict[str, tuple[ExperimentSetup, Experiment]] = {}
        for name in names:
            setup = replace(first, node=next(turns), account=account, no_account=why)
            try:
                experiments[name] = setup, EXPERIMENTS[name](setup)
            except NotPossibleError as error:
                self._impossible[name] = str(error)
        needed = {name: made.manifests() for name, (_, made) in experiments.items()}
        # A pod without its ConfigMap costs the kubelet another round, so pods come last.
        in_order = sorted(each_once(needed), key=lambda o: o["kind"] == "Pod")
        answers = workspace.cluster.try_all(in_order)
        refused = self._refused = {
            key_of(each): answer
            for each, answer in zip(in_order, answers, strict=True)
            if isinstance(answer, ApiException)
        }
        for name in needed.keys() - SPARING:
            self._lacking[name] = [each for each in map(key_of, needed[name]) if each in refused]
        return experiments

    def _conduct(self, name: str) -> Any:  # noqa: ANN401 (each has a result of its own)
        experiments = self._made.result()
        if name in self._impossible:
            raise NotPossibleError(self._impossible[name])
        if name not in experiments:
            image = self._workspace.inventory.image or "nothing"
            raise NotPossibleError(f"a CoreDNS image is needed, and cluster DNS runs {image}")
        if lacking := self._lacking.get(name):
            (kind, _, which), answer = lacking[0], self._refused[lacking[0]]
            raise NotPossibleError(
                f"{kind} {which} could not be made: {one_line(answer)}"
            ) from answer
        refused = {where: one_line(answer) for where, answer in self._refused.items()}
        setup, experiment = experiments[name]
        return experiment.conduct(
            ExperimentContext(self._testbed.result(), setup.node, refused=refused)
        )


def each_once(objects: Mapping[str, Iterable[Manifest]]) -> list[Manifest]:
    """The objects of all experiments, each of them once however many of these share it.

    Raises:
        ValueError: two of them have one name for objects that differ. One would never be made.

    """
    found: dict[tuple[str, str, str], tuple[str, Manifest]] = {}
    for experiment, manifests in objects.items():
        for each in manifests:
            key = key_of(each)
            first, made = found.setdefault(key, (experiment, each))
            if made != each:
                kind, _, name = key
                raise ValueError(f"{first} and {experiment} make a {kind} {name} each, that differ")
    return [each for _, each in found.values()]


def key_of(manifest: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name of an object."""
    meta = manifest["metadata"]
    return manifest["kind"], meta.get("namespace", ""), meta["name"]


def read_by_experiments(setup: ExperimentSetup, names: Iterable[str]) -> frozenset[Readable]:
    """What the Corefiles of these experiments list and watch, as if there were an account."""
    found: frozenset[Readable] = frozenset()
    for name in names:
        with suppress(NotPossibleError):
            made = EXPERIMENTS[name](replace(setup, account=ACCOUNT))
            found |= read_by_files(made.manifests(), setup.workspace.inventory)
    return found


def read_by_files(manifests: Iterable[Manifest], inventory: Inventory) -> frozenset[Readable]:
    """What the Corefiles in these ConfigMaps list and watch, by the version that reads them."""
    version = inventory.coredns_version
    found: frozenset[Readable] = frozenset()
    for text in (t for m in manifests for t in (m.get("data") or {}).values()):
        with suppress(CorefileError):
            for used in Reading(parse(text)).all_kubernetes():
                found |= read_by(used, version_of(version) if version else None)
    return found


def reader(workspace: Workspace, what: Iterable[Readable]) -> tuple[str | None, str]:
    """An account that may read this of the cluster, or why there is none."""
    try:
        return may_read_cluster(workspace, what), ""
    except NotPossibleError as error:
        return None, str(error)


def has_coredns(workspace: Workspace) -> bool:
    """Whether the cluster's DNS is a CoreDNS whose image we can start."""
    inventory = workspace.inventory
    return inventory.container.get("name") == "coredns" or "coredns" in inventory.image
