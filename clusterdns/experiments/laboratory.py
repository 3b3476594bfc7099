"""All experiments of a run: their objects are made in one go, then they run side by side.

The objects are made as soon as there is a namespace; the experiments begin as soon as there are
probes; the checks only wait for the results.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.corefile import Corefile, Reading
from clusterdns.experiments.bench import Bench, bench_node
from clusterdns.experiments.forwarding import ForwardingExperiment
from clusterdns.experiments.looping import HiddenLoopExperiment, LoopingExperiment
from clusterdns.experiments.reloading import SETUP, SYNTAX, RefusedExperiment, ReloadExperiment
from clusterdns.experiments.upstreams import UpstreamsExperiment
from clusterdns.private import NotPossible, may_read_cluster
from clusterdns.site import DEFAULT_DOMAIN, Site, Workspace


class Experiment(Protocol):
    """Something that is set up first and conducted when there are probes."""

    def manifests(self) -> list[Manifest]:
        """What is to be made."""
        ...

    def conduct(self, bench: Bench) -> Any:  # noqa: ANN401 (each has a result of its own)
        """Carry it out. Raises NotPossible when something of ours cannot be had."""
        ...


def forwarding(workspace: Workspace, node: str) -> Experiment:
    """The forwarding experiment, with the cluster's names where we may read them."""
    corefile = workspace.inventory.corefile
    known = Reading(corefile).cluster_zone if isinstance(corefile, Corefile) else None
    zone = known or f"{DEFAULT_DOMAIN}."
    try:
        account = may_read_cluster(workspace)
    except NotPossible as error:
        return ForwardingExperiment(workspace, node, None, str(error), zone)
    return ForwardingExperiment(workspace, node, account, "", zone)


EXPERIMENTS: Mapping[str, Callable[[Workspace, str], Experiment]] = {
    "forwarding": forwarding,
    "upstreams": lambda workspace, _: UpstreamsExperiment(workspace),
    "loop_detected": LoopingExperiment,
    "loop_hidden": HiddenLoopExperiment,
    "reloaded": ReloadExperiment,
    "refused_syntax": lambda workspace, node: RefusedExperiment(workspace, node, SYNTAX),
    "refused_setup": lambda workspace, node: RefusedExperiment(workspace, node, SETUP),
}


class Laboratory:
    """The experiments that the selected checks need. Raises nothing but in ``result``."""

    def __init__(self, workspace: Workspace, wanted: Collection[str]) -> None:
        self._workspace = workspace
        self._wanted = [name for name in EXPERIMENTS if name in wanted]
        # One thread each, for they mostly wait; and one that makes the objects of them all.
        self._pool = ThreadPoolExecutor(max_workers=len(self._wanted) + 1)
        self._site: Future[Site] = Future()
        self._node: Future[str] = Future()
        made = self._pool.submit(self._make)
        self._results = {name: self._pool.submit(self._run, name, made) for name in self._wanted}

    def begin(self, site: Site) -> None:
        """There are probes now."""
        if not self._site.done():
            self._site.set_result(site)

    def result(self, name: str) -> Any:  # noqa: ANN401 (each has a result of its own)
        """The result of an experiment, once it is there. Raises NotPossible."""
        timeouts = self._workspace.timeouts
        most = timeouts.probe + timeouts.pod + 4 * timeouts.reload
        try:
            return self._results[name].result(most)
        except TimeoutError:
            raise NotPossible(f"the experiment {name} did not end within {most:g} s") from None

    def close(self) -> None:
        """Wait for nothing that has not begun."""
        self._site.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(self) -> dict[str, Experiment]:
        """Everything that the experiments need in the cluster, side by side."""
        node = bench_node(self._workspace)
        self._node.set_result(node)
        image = self._workspace.inventory.image
        if "coredns" not in image:
            raise NotPossible(f"no CoreDNS image is known (cluster DNS runs {image or 'nowhere'})")
        with ThreadPoolExecutor(max_workers=4) as pool:
            prepared = pool.map(lambda n: EXPERIMENTS[n](self._workspace, node), self._wanted)
            experiments = dict(zip(self._wanted, prepared, strict=True))
        objects = [o for experiment in experiments.values() for o in experiment.manifests()]
        # A pod waits for its ConfigMap, and that costs the kubelet another round.
        objects.sort(key=lambda o: o["kind"] == "Pod")
        try:
            self._workspace.cluster.create_all(objects)
        except ApiException as error:
            raise NotPossible(f"the API server refused ({error.status} {error.reason})") from error
        return experiments

    def _run(self, name: str, made: Future[dict[str, Experiment]]) -> Any:  # noqa: ANN401
        experiment = made.result()[name]
        return experiment.conduct(Bench(self._site.result(), self._node.result()))
