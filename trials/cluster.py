"""A sealed kind cluster that may be broken: made for the mutants, or one that exists already."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clusterdns.cluster import Cluster, is_ready
from clusterdns.inventory.inventory import take_inventory
from clusterdns.run.active import Run
from clusterdns.run.reachable import connect
from clusterdns.wait import eventually
from host import kind_clusters
from host.bootstrap import cluster as containers
from host.bootstrap.steps import HostError, step

READY_S = 90.0
TEARDOWN_S = 90.0


@dataclass(frozen=True)
class Tools:
    """What is needed beside Docker: two programs and the images."""

    kind: Path
    kubectl: Path
    image: str  # of the nodes
    dnsutils: str
    musl: str | None


@dataclass(frozen=True)
class Breakable:
    """A cluster of our own and how to reach it."""

    name: str
    kubeconfig: Path
    tools: Tools
    api: Cluster

    @property
    def context(self) -> str:
        """Its name in the kubeconfig."""
        return f"kind-{self.name}"

    @property
    def nodes(self) -> list[str]:
        """The names of its nodes, which are those of their containers too; control plane first."""
        return sorted(containers.nodes(self.name))


@contextmanager
def breakable_cluster(
    tools: Tools, name: str | None = None, topology: str = "three-nodes", keep: bool = False
) -> Iterator[Breakable]:
    """The cluster of that name if it exists, which then stays; else a new one that goes.

    Raises HostError when it cannot be made, or something of it cannot be removed.
    """
    if name and name in containers.clusters():
        kubeconfig = kind_clusters.folder_of(name) / "kubeconfig"
        kubeconfig.write_text(run_kind(tools, "get", "kubeconfig", "--name", name))
        yield _connected(name, kubeconfig, tools)
        return
    run = Run.start()
    name = name or str(run.id)
    kubeconfig = kind_clusters.folder_of(name) / "kubeconfig"
    try:
        configuration = kind_clusters.configuration(topology)
        environment = kind_clusters.announce(run, name, kubeconfig, sealed=True, keep=keep)
        with step(f"kind cluster {name} ({topology}, sealed)"):
            run_kind(
                tools,
                *("create", "cluster", "--name", name, "--image", tools.image, "--quiet"),
                *("--config", str(configuration), "--kubeconfig", str(kubeconfig)),
                environment=environment,
            )
        kind_clusters.note_nodes(run, name)
        yield _connected(name, kubeconfig, tools)
    finally:
        result = run.finish(TEARDOWN_S, keep)
    if result.leftovers and not keep:
        raise HostError(f"Not removed: {'; '.join(result.leftovers)}")


def _connected(name: str, kubeconfig: Path, tools: Tools) -> Breakable:
    context = f"kind-{name}"
    api = Cluster(connect(str(kubeconfig), context), context, str(kubeconfig))
    cluster = Breakable(name, kubeconfig, tools, api)
    with step(f"{context} is ready"):
        if not eventually(lambda: is_whole(api), True, READY_S, every=0.5):
            raise HostError(f"{context}: not all nodes and DNS replicas are ready")
    return cluster


def is_whole(api: Cluster) -> bool:
    """Whether all nodes are ready, and all replicas that are wanted, and no more."""
    found = take_inventory(api)
    wanted = (found.workload or {}).get("spec", {}).get("replicas", 1)
    everything = all(is_ready(node) for node in found.nodes)
    return everything and len(found.ready_pods) == wanted == len(found.pods)


def run_kind(tools: Tools, *words: str, environment: Mapping[str, str] | None = None) -> str:
    """What kind prints. Raises HostError with its complaint when it fails."""
    done = subprocess.run(
        [str(tools.kind), *words],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise HostError(f"kind {' '.join(words[:2])}: {done.stderr.strip()}")
    return done.stdout
