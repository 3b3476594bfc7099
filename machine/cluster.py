"""kind clusters as the container engine sees them: no kind program is needed to find or end one."""

from machine.steps import HostError, quick

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
DELETE_SECONDS = 60.0


def clusters() -> list[str]:
    """The names of all kind clusters of this engine, running or not."""
    return sorted(set(_listed(f"label={CLUSTER_LABEL}", f'{{{{.Label "{CLUSTER_LABEL}"}}}}')))


def nodes(cluster: str) -> list[str]:
    """The names of a cluster's node containers."""
    return sorted(_listed(f"label={CLUSTER_LABEL}={cluster}", "{{.Names}}"))


def delete(cluster: str) -> None:
    """Remove a cluster's containers and their volumes, and look whether they are gone.

    A cluster that does not exist is no error. Raises HostError when a container stays.
    """
    found = nodes(cluster)
    if not found:
        return
    removed = quick("docker", "rm", "--force", "--volumes", *found, timeout=DELETE_SECONDS)
    if left := nodes(cluster):
        raise HostError(f"These nodes are still there: {', '.join(left)}. {removed.stderr.strip()}")


def _listed(condition: str, form: str) -> list[str]:
    return quick(
        "docker", "ps", "--all", "--filter", condition, "--format", form
    ).stdout.splitlines()
