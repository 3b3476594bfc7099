"""The subject of a run, found from the client's side: who answers where pods are told to ask.

The first look at a cluster knows no pod, and takes the DNS Service by its name. Once the probes
are there their resolv.conf decides, and where it names somebody else he is asked one question.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from kubernetes.client import ApiException

from clusterdns.api_errors import unless_forbidden
from clusterdns.cluster import Cluster, NotFoundError
from clusterdns.inventory.inventory import Inventory, take_inventory
from clusterdns.inventory.told import Told, ips_of
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import TRANSPORTS, Question, Server
from clusterdns.names import address_type
from clusterdns.probe import Packet, Probe, ProbeLostError
from clusterdns.testbed.testbed import Testbed

ASKED_S = 2.0  # seconds: what an answer may take; a cache on the node may have to ask on


@dataclass(frozen=True)
class Known:
    """A name that every cluster DNS knows, and its addresses."""

    question: Question
    addresses: frozenset[str]


def as_told(testbed: Testbed) -> Testbed:
    """The testbed with the inventory of what pods are told to ask.

    Where that is the DNS Service that was taken already nothing is asked and nothing read again.
    Raises kubernetes.client.ApiException when the API server refuses what it showed before.
    """
    workspace, first = testbed.workspace, testbed.workspace.inventory
    told = Told({node: conf.nameservers for node, conf in testbed.resolv_confs.items()})
    if set(told.addresses) - set(first.cluster_ips):
        told = heard(testbed, told, first.cluster_ips)
        found = taken_again(workspace.cluster, first, told)
    else:
        found = replace(first, told=told)
    return replace(testbed, workspace=replace(workspace, inventory=found))


def taken_again(cluster: Cluster, first: Inventory, told: Told) -> Inventory:
    """The inventory of who is told; the first one where we may not look there."""
    return unless_forbidden(
        lambda: take_inventory(cluster, told), lambda _: replace(first, told=told)
    )


def heard(testbed: Testbed, told: Told, expected: Sequence[str]) -> Told:
    """What those say that pods are told to ask, and the Service that was expected, on each node."""
    known = known_name(testbed)
    wanted = {
        node: tuple(dict.fromkeys([*told.by_node.get(node, ()), *expected]))
        for node in testbed.probes
    }
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        answers = pool.map(lambda node: ask(testbed.probes[node], known, wanted[node]), wanted)
        by_node = dict(zip(wanted, answers, strict=True))
    return replace(
        told,
        answers={
            node: tuple(ip for ip, right in said.items() if right is not None)
            for node, said in by_node.items()
        },
        knows={
            node: tuple(ip for ip, right in said.items() if right) for node, said in by_node.items()
        },
    )


def known_name(testbed: Testbed) -> Known:
    """The name of the API server's Service, and its cluster IPs of the first family."""
    name = f"kubernetes.default.svc.{testbed.zone}"
    try:
        ips = ips_of(testbed.workspace.cluster.get("Service", "kubernetes", "default"))
    except (NotFoundError, ApiException):
        ips = ()
    rdtype = address_type(ips[0]) if ips else "A"
    return Known(Question(name, rdtype), frozenset(ips[:1]))


def ask(probe: Probe, known: Known, addresses: Sequence[str]) -> Mapping[str, bool | None]:
    """Whether each address knows the name; None: it says nothing, over neither transport."""
    message = known.question.message()
    wanted = [(ip, transport) for ip in addresses for transport in TRANSPORTS]
    packets = [
        Packet(message.to_wire(), ip, transport=transport, timeout=ASKED_S)
        for ip, transport in wanted
    ]
    try:
        replies = probe.exchange(packets) if packets else []
    except ProbeLostError:
        return {}
    found: dict[str, bool | None] = dict.fromkeys(addresses)
    for (ip, transport), reply in zip(wanted, replies, strict=True):
        answer = Answer.from_reply(
            question=known.question,
            node=probe.node,
            server=Server(f"nameserver/{ip}", ip),
            transport=transport,
            query=message,
            reply=reply,
        )
        if answer.answered:
            right = bool(known.addresses) and known.addresses <= set(answer.order)
            found[ip] = found[ip] or right
    return found
