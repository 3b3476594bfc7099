"""All experiments of a run: their objects are made in one go, then they run side by side.

The objects are made as soon as there is a namespace; the experiments begin as soon as there are
probes; the checks only wait for the results.
"""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any, TypeVar

from kubernetes.client import ApiException

from clusterdns.background import begin
from clusterdns.cluster import Manifest
from clusterdns.corefile import CorefileError, Reading, parse
from clusterdns.corefile.directives import version_of
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup, bench_nodes
from clusterdns.experiments.experiment import Experiment
from clusterdns.experiments.registry import EXPERIMENTS, AnyExperiment
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.metrics import NoMetricsError
from clusterdns.inventory.permissions import Readable, read_by
from clusterdns.own_coredns import ACCOUNT, NotPossibleError, may_read_cluster, why_no_coredns
from clusterdns.probe import ProbeLostError
from clusterdns.run.ledger import one_line
from clusterdns.testbed.testbed import Testbed, Workspace
from clusterdns.upgrade.target import Target

T = TypeVar("T")


class ExperimentRunner:
    """The experiments that the selected checks need. Raises nothing but in ``result``."""

    def __init__(
        self,
        workspace: Workspace,
        wanted: Collection[str],
        external_name: str | None = None,
        target: Target | None = None,
    ) -> None:
        self._workspace = workspace
        self._external_name = external_name
        self._target = target
        self._wanted = {name: each for name, each in EXPERIMENTS.items() if name in wanted}
        self._testbed: Future[Testbed] = Future()
        self._impossible: dict[str, str] = {}  # why an experiment cannot even be written down
        self._refused: dict[tuple[str, str, str], ApiException] = {}  # by kind, namespace, name
        self._lacking: dict[str, list[tuple[str, str, str]]] = {}  # which of these it needs
        self._made = begin("objects of the experiments", self._make)
        self._results = {
            name: begin(f"experiment {name}", partial(self._conduct, name)) for name in self._wanted
        }

    def begin(self, testbed: Testbed) -> None:
        """Let the experiments begin: the testbed has its probes now."""
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

    def _make(self) -> dict[str, tuple[ExperimentSetup, Experiment[Any]]]:
        """Everything that the experiments need in the cluster, side by side, over the nodes."""
        workspace = self._workspace
        chosen = {
            name: each
            for name, each in self._wanted.items()
            if not (each.needs_coredns and why_no_coredns(workspace.inventory))
        }
        nodes = bench_nodes(workspace)
        first = ExperimentSetup(workspace, nodes[0], self._external_name, target=self._target)
        what = read_by_experiments(first, chosen.values())
        account, why = reader(workspace, what) if what else (None, "")
        turns = cycle(nodes)
        experiments: dict[str, tuple[ExperimentSetup, Experiment[Any]]] = {}
        for name, each in chosen.items():
            setup = replace(first, node=next(turns), account=account, no_account=why)
            try:
                experiments[name] = setup, each.make(setup)
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
        for name, planned in needed.items():
            if not chosen[name].survives_refusals:
                self._lacking[name] = [key for key in map(key_of, planned) if key in refused]
        return experiments

    def _conduct(self, name: str) -> Any:  # noqa: ANN401 (each has a result of its own)
        experiments = self._made.result()
        if name in self._impossible:
            raise NotPossibleError(self._impossible[name])
        if name not in experiments:
            raise NotPossibleError(why_no_coredns(self._workspace.inventory))
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


def read_by_experiments(
    setup: ExperimentSetup, experiments: Iterable[AnyExperiment]
) -> frozenset[Readable]:
    """What the Corefiles of experiments that read the cluster list and watch, as if they might."""
    found: frozenset[Readable] = frozenset()
    for each in (each for each in experiments if each.reads_cluster):
        with suppress(NotPossibleError):
            made = each.make(replace(setup, account=ACCOUNT))
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
