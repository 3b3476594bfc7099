"""kind clusters as the container engine sees them: no kind program is needed to find or end one."""

import contextlib
import os
import signal
import time
from pathlib import Path

from host.bootstrap.steps import HostError, quick

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
DELETE_SECONDS = 60.0
# After an interrupted creation the engine may still show a container that it was asked for.
QUIET_SECONDS = 2.0


def clusters() -> list[str]:
    """The names of all kind clusters of this engine, running or not."""
    return sorted(set(_listed(f"label={CLUSTER_LABEL}", f'{{{{.Label "{CLUSTER_LABEL}"}}}}')))


def nodes(cluster: str) -> list[str]:
    """The names of a cluster's node containers, also of those that are still being created."""
    return sorted(_listed(f"label={CLUSTER_LABEL}={cluster}", "{{.Names}}"))


def ids(cluster: str) -> list[str]:
    """The ids of its node containers: a cluster made anew under the same name has others."""
    return sorted(_listed(f"label={CLUSTER_LABEL}={cluster}", "{{.ID}}"))


def delete(cluster: str, within: float = DELETE_SECONDS) -> None:
    """Remove a cluster's containers and their volumes, and look whether they are gone.

    Also right: a cluster that does not exist, and one whose creation was interrupted a moment ago.
    Raises HostError when a container is still there after `within` seconds.
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

    A kind that was killed leaves its `docker run` commands behind; they name the cluster.
    """
    marks = (f"{CLUSTER_LABEL}={cluster}".encode(), f"--name={cluster}".encode())
    stopped = False
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            program = Path(os.fsdecode(words[0])).name
            creating = b"run" in words and program == "docker"
            creating = creating or (b"create" in words and program.startswith("kind"))
            if creating and any(mark in words for mark in marks):
                os.kill(int(entry.name), signal.SIGKILL)
                stopped = True
    return stopped


def _listed(condition: str, form: str) -> list[str]:
    return quick(
        "docker", "ps", "--all", "--filter", condition, "--format", form
    ).stdout.splitlines()
