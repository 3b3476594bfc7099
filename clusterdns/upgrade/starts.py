"""What keeps the target from starting where the running version starts: sentences, each a reason.

Everything is read from objects as they are after the upgrade; nothing is tried. What only the
image could tell is said of the project's own images alone.
"""

from collections.abc import Iterable, Iterator

from clusterdns.cluster import Manifest
from clusterdns.corefile import Corefile, Reading
from clusterdns.corefile.directives import Version

# Dockerfile of coredns/coredns: since 1.11.0 the user is nonroot:nonroot, and the program carries
# cap_net_bind_service; since 1.14.7 the user is the number 65532, which a kubelet can compare.
FILE_CAPABILITY: Version = (1, 11, 0)
NUMERIC_USER: Version = (1, 14, 7)
OWN_IMAGES = ("coredns/coredns", "mirrored-coredns-coredns")
BIND = "NET_BIND_SERVICE"
START = "net.ipv4.ip_unprivileged_port_start"
# Where pages answer that the kubelet asks for, by the plugin that has them.
PAGES = {"/ready": ("ready", 8181), "/health": ("health", 8080)}
PROBES = {"readinessProbe": "never becomes ready", "livenessProbe": "is killed again and again"}


def is_own_image(image: str) -> bool:
    """Whether an image is one of the CoreDNS project, or a mirror of it, by its repository."""
    repository = image.partition("@")[0].rpartition(":")[0] or image
    return repository.endswith(OWN_IMAGES)


def cannot_run(
    pod: Manifest, container: Manifest, version: Version, ports: Iterable[int]
) -> Iterator[str]:
    """Why the project's image of a version does not run with these settings.

    ``pod``: the spec of the replicas; ``container``: the one that serves; ``ports``: those that
    the Corefile opens.
    """
    context = {**(pod.get("securityContext") or {}), **(container.get("securityContext") or {})}
    low = sorted(port for port in ports if 0 < port < 1024)
    may_bind = _may_bind(context)
    user, must_not_be_root = context.get("runAsUser"), context.get("runAsNonRoot") is True
    if version >= FILE_CAPABILITY:
        if not may_bind:
            yield (
                f"its program carries the capability {BIND} and is not executed without it "
                f"(exec: operation not permitted), whatever its port: add {BIND} to "
                "securityContext.capabilities.add of the container"
            )
        if must_not_be_root and user is None and version < NUMERIC_USER:
            yield (
                "runAsNonRoot is set, and the user of its image is a name, which a kubelet does "
                "not take for proof (CreateContainerConfigError): add runAsUser: 65532"
            )
        return
    if must_not_be_root and not user:
        yield (
            "runAsNonRoot is set, and images before 1.11.0 run as root "
            "(CreateContainerConfigError): leave it out"
        )
    open_to_all = any(one.get("name") == START for one in context.get("sysctls") or [])
    if low and not open_to_all and (user or not may_bind):
        why = f"user {user} has" if user else "its container is given"
        yield (
            f"port {low[0]} is below 1024, and {why} no {BIND} with an image before 1.11.0 "
            "(bind: permission denied): run it as root with that capability, or let it listen "
            "above 1023 and the Service lead there"
        )


def _may_bind(context: Manifest) -> bool:
    """Whether the capability stays within what the container may have at all."""
    if context.get("privileged"):
        return True
    capabilities = context.get("capabilities") or {}
    added, dropped = (
        {str(one).upper().removeprefix("CAP_") for one in capabilities.get(key) or []}
        for key in ("add", "drop")
    )
    return bool({BIND, "ALL"} & added) or not {BIND, "ALL"} & dropped


def unanswered_probes(container: Manifest, corefile: Corefile) -> Iterator[str]:
    """The probes of the container that no plugin of a Corefile answers.

    Where an import is not known here, nothing is said: what it brings may answer them.
    """
    reading = Reading(corefile)
    if "unresolved-imports" in reading.features:
        return
    for kind, consequence in PROBES.items():
        probe = (container.get(kind) or {}).get("httpGet") or {}
        plugin, usual = PAGES.get(str(probe.get("path", "")), ("", 0))
        port = _number(probe.get("port"), container)
        if not plugin or port is None:
            continue
        listeners = reading.listeners(plugin)
        if not listeners:
            wanted = plugin if port == usual else f"{plugin} :{port}"
            yield (
                f"the {kind} asks for {probe['path']} on port {port}, and the Corefile has no "
                f"{plugin}: a new replica {consequence}; add the line '{wanted}' to it"
            )
        elif port not in {_port(one) for one in listeners}:
            yield (
                f"the {kind} asks for {probe['path']} on port {port}, and {plugin} answers at "
                f"{', '.join(listeners)}: a new replica {consequence}; make both the same"
            )


def _number(port: object, container: Manifest) -> int | None:
    """The number of a probe's port, which may be the name of one of the container's."""
    if isinstance(port, int):
        return port
    named = [p for p in container.get("ports") or [] if p.get("name") == port]
    return int(named[0]["containerPort"]) if named else None


def _port(listener: str) -> int | None:
    port = listener.rpartition(":")[2]
    return int(port) if port.isdecimal() else None
