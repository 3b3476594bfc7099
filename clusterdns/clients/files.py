"""What the kubelet wrote for pods, compared with what it must have written.

Sources: kubernetes.io "DNS for Services and Pods"; pkg/kubelet/network/dns of Kubernetes 1.34.
"""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from clusterdns.clients.client import Client
from clusterdns.clients.planned import MUSL_CONTAINER, MUSL_SLEEPS, Role
from clusterdns.clients.pods import Clients
from clusterdns.matrix.observation import Exactly, Observation
from clusterdns.report.cell import FILE
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf

KUBELET = "kubelet"  # who made what a pod has on disk


@dataclass(frozen=True)
class Part:
    """A part of resolv.conf: its name, and how it reads in words."""

    name: str
    words: Callable[[ResolvConf], str]


NAMESERVERS = Part("nameservers", lambda conf: " ".join(conf.nameservers))
SEARCH = Part("search list", lambda conf: " ".join(conf.search))
OPTIONS = Part("options", lambda conf: " ".join(sorted(conf.options)))
WHOLE = Part("the whole file", str)


@dataclass(frozen=True)
class InFile:
    """What a check asks of one client pod: a part of its resolv.conf."""

    client: Client
    part: Part

    def __str__(self) -> str:
        return f"{self.part.name} of {RESOLV_CONF} in a {self.client.role} pod"


def in_file(clients: Clients, asked: InFile) -> Observation:
    """A part of a file as it was found in a pod, with the whole file around it."""
    client, value = asked.client, asked.part.words(asked.client.conf)
    received = f"{value or '(none)'}, in: {in_one_line(client.text)}"
    again = partial(repeat, clients, client, ["cat", RESOLV_CONF])
    return Observation(asked, client.node, KUBELET, FILE, value, received, again)


def exactly(words: str) -> Exactly:
    """The rule that a part of a file reads exactly so."""
    return Exactly(words, words or "(none)")


def told_nameservers(
    conf: ResolvConf, cluster_ips: Sequence[str], node_local: Sequence[str]
) -> tuple[str, ...]:
    """The nameservers that a pod may have: those of the kubelet's list that may be in it.

    Each must be a cluster IP of the DNS Service or an address that a node-local cache listens on,
    once; a pod with neither should have had the cluster IPs.
    """
    allowed = {*cluster_ips, *node_local}
    kept = tuple(dict.fromkeys(address for address in conf.nameservers if address in allowed))
    return kept or tuple(cluster_ips) or ("the cluster IP of a DNS Service, but there is none",)


def in_one_line(text: str) -> str:
    """A file as evidence in a message."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip()) or "(empty)"


def repeat(clients: Clients, client: Client, command: Sequence[str]) -> str:
    """A kubectl command that runs another one where a client is.

    In the client itself, if pods are kept; else in a new pod of the same DNS policy on its node.
    What a client was given in dnsConfig is not repeated, so that None asks the cluster's DNS.
    """
    role, workspace = client.role, clients.testbed.workspace
    kubectl = ["kubectl", "--context", workspace.cluster.context]
    words = ["/resolve", "--conf"] if role is Role.MUSL and command[0] == "cat" else list(command)
    if clients.kept:
        container = MUSL_CONTAINER if words[0] == MUSL_SLEEPS[0] else "main"
        place = ["-n", client.namespace, "exec", client.pod, "-c", container]
        return shlex.join([*kubectl, *place, "--", *words])
    spec: dict[str, object] = {
        "nodeName": client.node,
        "tolerations": [{"operator": "Exists"}],
        "dnsPolicy": role.policy,
    }
    spec |= {"hostNetwork": True} if role.host_network else {}
    if role is Role.NONE:
        nameservers = list(workspace.inventory.cluster_ips)
        spec["dnsConfig"] = {
            "nameservers": nameservers,
            "options": [{"name": "ndots", "value": "5"}],
        }
    image = workspace.images.musl if words[0] == MUSL_SLEEPS[0] else workspace.images.dnsutils
    run = ["run", "dns-repeat", "--rm", "-i", "--restart=Never", f"--image={image}"]
    overrides = f"--overrides={json.dumps({'spec': spec}, separators=(',', ':'))}"
    return shlex.join([*kubectl, *run, overrides, "--", *words])
