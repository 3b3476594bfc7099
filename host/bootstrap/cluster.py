"""kind clusters as the container engine sees them: no kind program is needed to find or end one."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from host.bootstrap import processes
from host.bootstrap.steps import HostError, quick

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
DELETE_SECONDS = 60.0
# After an interrupted creation the engine may still show a container that it was asked for.
QUIET_SECONDS = 2.0


def clusters() -> list[str]:
    """The names of all kind clusters of this engine, running or not."""
    return sorted(set(_listed(f"label={CLUSTER_LABEL}", f'{{{{.Label "{CLUSTER_LABEL}"}}}}')))


def nodes(cluster: str) -> list[str]:
    """The names of a cluster's node containers, also of those that are still being created.

    Raises HostError when the container engine does not say: then nobody knows whether it is gone.
    """
    asked = _ask(f"label={CLUSTER_LABEL}={cluster}", "{{.Names}}")
    if asked.returncode != 0:
        raise HostError(
            f"The container engine does not say whether nodes of {cluster} are left: "
            f"{asked.stderr.strip()}. Start Docker, then try again."
        )
    return sorted(asked.stdout.splitlines())


def ids(cluster: str) -> list[str]:
    """The ids of its node containers: a cluster made anew under the same name has others."""
    return sorted(_listed(f"label={CLUSTER_LABEL}={cluster}", "{{.ID}}"))


def delete(cluster: str, within: float = DELETE_SECONDS) -> None:
    """Remove a cluster's containers and their volumes, and look whether they are gone.

    Also right: a cluster that does not exist, and one whose creation was interrupted a moment ago.
    Raises HostError when a container is still there after `within` seconds, or nobody can say.
    """
    deadline = time.monotonic() + within
    unsettled = stop_creation(cluster)
    seen = time.monotonic()
    problem = ""
    while True:
        found = nodes(cluster)
        if found:
            removed = quick("docker", "rm", "--force", "--volumes", *found, timeout=within)
            # A container that is being created is listed, but cannot be removed yet.
            unsettled = unsettled or removed.returncode != 0
            seen, problem = time.monotonic(), removed.stderr.strip()
        elif not unsettled or time.monotonic() - seen > QUIET_SECONDS:
            return
        if time.monotonic() > deadline:
            raise HostError(f"These nodes are still there: {', '.join(nodes(cluster))}. {problem}")
        if unsettled:
            time.sleep(0.2)


def stop_creation(cluster: str) -> bool:
    """Kill the programs that are still creating nodes of this cluster; whether there were any.

    After kill -9 of a run its kind goes on, and would make nodes that nobody knows of. A kind that
    was killed leaves its `docker run` commands behind; they name the cluster.
    """
    creating = [each.pid for each in processes.running() if creates(each.words, cluster)]
    for pid in creating:
        processes.send(pid, signal.SIGKILL)
    return bool(creating)


def creates(words: Sequence[str], cluster: str) -> bool:
    """Whether this is the command line of a kind, or of its engine, that makes the cluster.

    ``kind create cluster --name NAME``, also by way of a shell; ``docker run --label ...=NAME``.
    """
    programs = [Path(word).name for word in words[:2]]
    if any(program.startswith("kind") for program in programs):
        named = cluster in words or f"--name={cluster}" in words
        return named and {"create", "cluster"} <= set(words)
    labelled = f"{CLUSTER_LABEL}={cluster}" in words
    return labelled and programs[:1] == ["docker"] and "run" in words


def _listed(condition: str, form: str) -> list[str]:
    return _ask(condition, form).stdout.splitlines()


def _ask(condition: str, form: str) -> subprocess.CompletedProcess[str]:
    return quick("docker", "ps", "--all", "--filter", condition, "--format", form)
