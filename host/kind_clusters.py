"""A kind cluster of a run: written down and sealed before it exists, and removed with the run."""

import shutil
from dataclasses import replace
from pathlib import Path

from clusterdns.run.active import Run
from clusterdns.run.state import cache_folder
from host.bootstrap import cluster as containers
from host.bootstrap import seal
from host.bootstrap.steps import HostError

TOPOLOGIES = Path(__file__).parent / "kind" / "clusters"
DEFAULT_TOPOLOGY = "three-nodes"
NETWORK_VARIABLE = "KIND_EXPERIMENTAL_DOCKER_NETWORK"  # what kind reads


def configuration(topology: str) -> Path:
    """The configuration file for kind. Raises HostError, which names the known ones."""
    file = TOPOLOGIES / f"{topology}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(each.stem for each in TOPOLOGIES.glob("*.yaml")))
        raise HostError(f"There is no cluster configuration named {topology}. Known: {known}.")
    return file


def folder_of(name: str) -> Path:
    """Where a cluster's kubeconfig lies; made if it is not there."""
    folder = cache_folder() / "kind" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ledger_name(cluster: str) -> str:
    """What the ledger calls the cluster; namespaces in it go with it."""
    return f"kind cluster {cluster}"


def announce(
    run: Run, name: str, kubeconfig: Path, *, sealed: bool, keep: bool = False
) -> dict[str, str]:
    """Let the run's state file and ledger know of the cluster, then seal its network.

    Returns the environment in which kind must be started. With ``keep`` the state file knows of
    it, for a later --cleanup-only, and the ledger does not. Raises HostError.
    """
    run.state.update(lambda s: replace(s, kind_cluster=name, kind_kubeconfig=str(kubeconfig)))
    environment = {}
    if sealed:
        network = seal.network_name(name)
        run.state.update(lambda s: replace(s, docker_network=network, seal=str(run.id)))
        if not keep:
            run.ledger.register(f"docker network {network}", lambda: seal.remove(network))
        seal.make_sealed_network(network, str(run.id))
        environment[NETWORK_VARIABLE] = network
    if not keep:
        run.ledger.register(
            ledger_name(name),
            lambda: remove(name, kubeconfig),
            gone=lambda: what_is_left(name),
        )
    return environment


def note_nodes(run: Run, name: str) -> None:
    """Write down which node containers were made.

    Under a name that the user chose another cluster could stand there later.
    """
    made = tuple(containers.ids(name))
    run.state.update(lambda s: replace(s, kind_nodes=made))


def remove(name: str, kubeconfig: Path) -> None:
    """Delete the cluster and its kubeconfig's folder. Raises HostError when a node stays."""
    containers.delete(name)
    shutil.rmtree(kubeconfig.parent, ignore_errors=True)


def what_is_left(name: str) -> str | None:
    """None when no node container is left; a node that came up late is deleted on the way."""
    late = containers.nodes(name)
    if late:
        containers.delete(name)
    return f"node containers came up late: {', '.join(late)}" if late else None
