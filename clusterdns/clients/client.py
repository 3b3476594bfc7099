"""A client pod that is up: what it has in resolv.conf, and how commands are run in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from clusterdns.clients.planned import MUSL_SLEEPS, Planned, Role
from clusterdns.probe import Probe, ProbeLostError, open_probe
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf
from clusterdns.testbed.testbed import Testbed
from clusterdns.wait import GENTLY, eventually


@dataclass(frozen=True)
class Client:
    """A pod in which programs look names up."""

    role: Role
    node: str
    namespace: str
    pod: str
    address: str  # of the pod
    conf: ResolvConf
    text: str  # resolv.conf as it was found
    probe: Probe | None = field(default=None, compare=False)  # for commands; None: none are run
    musl: str = ""  # the path by which the probe can start musl's resolver; empty without one


def enter(testbed: Testbed, planned: Planned, address: str) -> Client:
    """Read resolv.conf of a running pod, over a probe where commands follow.

    Raises ProbeLostError.
    """
    workspace, probe = testbed.workspace, None
    if planned.role.looks_up:
        configuration = workspace.cluster.connection.configuration
        where = (planned.namespace, planned.name, planned.node)
        probe = open_probe(configuration, *where, "main", workspace.timeouts)
    musl, path = "", RESOLV_CONF
    if probe and workspace.images.musl and planned.role in (Role.NONE, Role.MUSL):
        musl = find_musl(probe, workspace.timeouts.command)
        path = f"{musl.removesuffix('exe')}root{RESOLV_CONF}" if planned.role is Role.MUSL else path
    text = read_file(testbed, probe, path) if probe else printed_by(testbed, planned)
    return Client(
        role=planned.role,
        node=planned.node,
        namespace=planned.namespace,
        pod=planned.name,
        address=address,
        conf=ResolvConf.parse(text),
        text=text,
        probe=probe,
        musl=musl,
    )


def read_file(testbed: Testbed, probe: Probe, path: str) -> str:
    """A file in a pod. Raises ProbeLostError."""
    (printed,) = probe.run([["cat", path]], testbed.workspace.timeouts.command)
    if printed.exit_code != 0:
        raise ProbeLostError(f"{path} cannot be read: {printed.stderr.strip()}")
    return printed.stdout


def printed_by(testbed: Testbed, planned: Planned) -> str:
    """What a pod without a probe printed when it started. Raises ProbeLostError."""
    workspace = testbed.workspace
    read = partial(workspace.cluster.logs, planned.namespace, planned.name)
    text = eventually(read, lambda found: found != "", workspace.timeouts.command, every=GENTLY)
    if not text:
        raise ProbeLostError(f"it did not print {RESOLV_CONF}")
    return text


def find_musl(probe: Probe, timeout: float) -> str:
    """The program of the musl container, as the main container can start it.

    Raises ProbeLostError.
    """
    pattern = MUSL_SLEEPS[1].replace("-", "[-]", 1)  # so that grep does not find itself
    (found,) = probe.run([["sh", "-c", f"grep -l -e '{pattern}' /proc/[0-9]*/cmdline"]], timeout)
    paths = [line for line in found.stdout.split() if line.endswith("/cmdline")]
    if len(paths) != 1:
        said = (found.stdout + found.stderr).strip()
        raise ProbeLostError(
            f"the program of the musl container cannot be found: {said or 'nowhere'}"
        )
    return paths[0].replace("/cmdline", "/exe")


def startable(client: Client, words: Sequence[str]) -> list[str]:
    """A command as a client's probe can start it: musl's resolver is in another container."""
    own = MUSL_SLEEPS[0]
    return [client.musl or own, *words[1:]] if words[0] == own else list(words)
