"""Sealed networks: what a cluster's bridge forwards to anywhere but itself is dropped.

While kube-proxy is down, packets to a Service's address follow the default route out of the
machine. So a cluster that is broken on purpose, or that nobody watches, gets a Docker network of
its own, and rules that are there before the first node starts. Docker's resolver, the published
port of the API server and the host itself stay reachable: none of them is forwarded.

The rules carry a comment, `dns-conformance/<run> <network>`, by which they are found again; the
network carries the run's label.
"""

import hashlib
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from host.bootstrap.debian import install
from host.bootstrap.steps import HostError, quick

RUN_LABEL = "dns-conformance/run"
MANAGED_LABEL = "app.kubernetes.io/managed-by=dns-conformance"
COMMENT = "dns-conformance/"
# Docker jumps to DOCKER-USER first of all; older engines have that chain for IPv4 only.
CHAINS = (("iptables", "DOCKER-USER"), ("ip6tables", "DOCKER-USER"), ("ip6tables", "FORWARD"))


@dataclass(frozen=True)
class SealedNetwork:
    """A Docker network that nothing leaves; give its name to KIND_EXPERIMENTAL_DOCKER_NETWORK."""

    name: str
    run: str
    bridge: str


@dataclass(frozen=True)
class Leftover:
    """Something of a run that still exists: `what` is "network" or "seal rule"."""

    what: str
    name: str
    run: str


def network_name(cluster: str) -> str:
    """The name of a sealed cluster's network."""
    return f"{cluster}-sealed"


def bridge_of(name: str) -> str:
    """The bridge's interface name: known before the network exists, at most 15 characters."""
    return f"dns-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def make_sealed_network(name: str, run: str) -> SealedNetwork:
    """Drop what the network's bridge will forward, then make the network (IPv4 and IPv6).

    Raises HostError when this user may not change the packet filter, or Docker makes no network.
    """
    network = SealedNetwork(name, run, bridge_of(name))
    _ensure_iptables()
    sealed = {"iptables": False, "ip6tables": False}
    for tables, chain in _chains():
        if not sealed[tables]:
            added = quick(*_as_root(tables), "-w", "-I", chain, *_rule(network))
            if added.returncode:
                remove(name)
                raise HostError(f"The network {name} cannot be sealed: {added.stderr.strip()}")
            sealed[tables] = True
    made = quick("docker", "network", "create", *_network_options(network), name)
    if made.returncode:
        remove(name)
        raise HostError(f"Docker makes no network {name}: {made.stderr.strip()}")
    return network


def remove(name: str) -> None:
    """Remove the network and its rules, and look whether they are gone. Nothing there is no error.

    Raises HostError when something is still there, such as a network with a container on it.
    """
    gone = quick("docker", "network", "rm", name)
    still = quick("docker", "network", "inspect", name).returncode == 0
    if still:  # its containers must not lose their seal
        raise HostError(f"The network {name} cannot be removed: {gone.stderr.strip()}")
    for tables, chain in _chains():
        for words in _rules(tables, chain):
            if _comment(words).endswith(f" {name}"):
                quick(*_as_root(tables), "-w", "-D", chain, *words[2:])
    left = [
        " ".join(words)
        for tables, chain in _chains()
        for words in _rules(tables, chain)
        if _comment(words).endswith(f" {name}")
    ]
    if left:
        raise HostError(f"These rules of the network {name} are still there: {'; '.join(left)}")


def leftovers(run: str | None = None) -> list[Leftover]:
    """Networks and seal rules of this run, or of all; each network's rules count as one."""
    found = {Leftover("network", name, owner) for name, owner in _networks()}
    for tables, chain in _chains():
        for words in _rules(tables, chain):
            comment = _comment(words)
            if comment.startswith(COMMENT):
                owner, _, name = comment.removeprefix(COMMENT).partition(" ")
                found.add(Leftover("seal rule", name, owner))
    return sorted(
        (left for left in found if run in (None, left.run)), key=lambda left: (left.run, left.name)
    )


def owner_of(name: str) -> str | None:
    """The run on a network's label; empty when it has none, None when there is no such network."""
    form = f'{{{{index .Labels "{RUN_LABEL}"}}}}'
    asked = quick("docker", "network", "inspect", "--format", form, name)
    return asked.stdout.strip() if asked.returncode == 0 else None


def counters(name: str) -> int:
    """How many packets the seal of this network has dropped so far."""
    dropped = 0
    for tables, chain in _chains():
        listed = quick(*_as_root(tables), "-w", "-t", "filter", "-S", chain, "-v")
        for line in listed.stdout.splitlines():
            words = shlex.split(line)
            if _comment(words).endswith(f" {name}") and "-c" in words:
                dropped += int(words[words.index("-c") + 1])
    return dropped


def _rule(network: SealedNetwork) -> list[str]:
    comment = f"{COMMENT}{network.run} {network.name}"
    match = ["-i", network.bridge, "!", "-o", network.bridge]
    return [*match, "-m", "comment", "--comment", comment, "-j", "DROP"]


def _network_options(network: SealedNetwork) -> list[str]:
    """What kind itself would ask for, a known bridge name, and labels to be found by."""
    digits = hashlib.sha256(network.name.encode()).hexdigest()
    prefix = f"fd{digits[:2]}:{digits[2:6]}:{digits[6:10]}:{digits[10:14]}::/64"  # RFC 4193
    options = {
        "com.docker.network.bridge.name": network.bridge,
        "com.docker.network.bridge.enable_ip_masquerade": "true",
        "com.docker.network.driver.mtu": "1500",
    }
    words = ["--driver=bridge", "--ipv6", f"--subnet={prefix}"]
    words += [f"--opt={key}={value}" for key, value in options.items()]
    return [*words, f"--label={RUN_LABEL}={network.run}", f"--label={MANAGED_LABEL}"]


def _networks() -> list[tuple[str, str]]:
    form = f'{{{{.Name}}}} {{{{.Label "{RUN_LABEL}"}}}}'
    listed = quick("docker", "network", "ls", "--filter", f"label={RUN_LABEL}", "--format", form)
    return [(words[0], words[1]) for words in map(str.split, listed.stdout.splitlines())]


def _chains() -> list[tuple[str, str]]:
    """The chains that exist, the better one first."""
    return [
        (tables, chain)
        for tables, chain in CHAINS
        if quick(*_as_root(tables), "-w", "-S", chain).returncode == 0
    ]


def _rules(tables: str, chain: str) -> list[list[str]]:
    listed = quick(*_as_root(tables), "-w", "-S", chain).stdout.splitlines()
    return [shlex.split(line) for line in listed if line.startswith("-A")]


def _comment(words: Sequence[str]) -> str:
    return words[words.index("--comment") + 1] if "--comment" in words else ""


def _as_root(program: str) -> list[str]:
    return [program] if os.geteuid() == 0 else ["sudo", "-n", program]


def _ensure_iptables() -> None:
    if quick(*_as_root("iptables"), "-w", "-S", "DOCKER-USER").returncode == 0:
        return
    if os.geteuid() == 0:
        install(("iptables",), "sealed networks")
        return
    raise HostError(
        "A cluster that is broken on purpose must be sealed first, and this user may not change "
        "the packet filter. Run this command as root, or let this user run iptables and "
        "ip6tables with sudo without a password."
    )
