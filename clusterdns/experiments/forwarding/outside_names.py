"""Names outside the cluster, as the nodes of the replicas see them: what forwarding must bring.

In a kind cluster the nodes are containers that know each other by name, through the resolver of
their container network: such a name exists outside the cluster, without any internet. Elsewhere
the user names one.
"""

import ipaddress
from dataclasses import dataclass

from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.node_resolvers import BesideReplicas
from clusterdns.inventory.inventory import Inventory
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected, Wanted, address_record
from clusterdns.matrix.question import Question, Server
from clusterdns.names import address_type
from clusterdns.own_coredns import NotPossibleError

TRIES = 2  # direct questions to each upstream: a name whose answers vary cannot be compared


@dataclass(frozen=True)
class OutsideName:
    """A question for a name outside, and what is known about its answer."""

    question: Question
    known: Expected | None  # by the API: the addresses of a node of kind; None: nothing
    on_nodes: tuple[Answer, ...]  # by the upstreams of the replicas' nodes, asked directly

    @property
    def seen(self) -> frozenset[str]:
        """What the upstreams that answered say, one line for each different answer."""
        return frozenset(a.received for a in self.on_nodes if a.answered)

    @property
    def expected(self) -> Expected | None:
        """What cluster DNS must answer: what the upstreams say, else what is known.

        None when the upstreams do not agree, or when they keep silent and nothing is known.
        """
        answered = [answer for answer in self.on_nodes if answer.answered]
        whole = {Expected(answer.rcode, answer.records) for answer in answered}
        return self.known if not whole else whole.pop() if len(whole) == 1 else None


@dataclass(frozen=True, repr=False)
class OutsideNames:
    """All names outside that can be asked for; empty where none is known."""

    names: tuple[OutsideName, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        asked = (answer for name in self.names for answer in name.on_nodes)
        lines = dict.fromkeys(f"{a.question} of {a.server} -> {a.received}" for a in asked)
        return "\n  ".join(["asked directly, the upstreams of the nodes say", *lines])

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions for names outside whose right answer is known."""
        return tuple(name.question for name in self.names if name.expected is not None)

    @property
    def wanted(self) -> Wanted:
        """What cluster DNS must answer to each question for a name outside."""
        return {n.question: n.expected for n in self.names if n.expected is not None}


class OutsideNamesExperiment(BesideReplicas[OutsideNames]):
    """Names outside the cluster, and what they must resolve to.

    Asks the upstreams of the nodes directly, from beside the replicas.
    """

    name = "outside_names"

    def conduct(self, context: ExperimentContext) -> OutsideNames:
        """Ask the nodes' upstreams for each name. Raises NotPossibleError when no replica runs."""
        wanted = wanted_names(self.setup)
        if not wanted:
            return OutsideNames(())
        confs = self.resolvers.confs()
        if not confs:
            raise NotPossibleError("no replica of the cluster's DNS runs")
        upstreams = sorted({address for conf in confs.values() for address in conf.nameservers})
        names = tuple(
            OutsideName(question, known, tuple(ask_directly(context, upstreams, question)))
            for question, known in wanted.items()
        )
        context.note("names outside asked of the nodes' own upstreams")
        return OutsideNames(names, tuple(context.notes))


def ask_directly(
    context: ExperimentContext, upstreams: list[str], question: Question
) -> list[Answer]:
    """The answers of every upstream, each asked more than once."""
    servers = [Server(f"upstream/{address}", address) for address in upstreams]
    return [a for server in servers for a in context.ask(server, [question] * TRIES)]


def wanted_names(setup: ExperimentSetup) -> dict[Question, Expected | None]:
    """The user's name; else the names of kind's nodes, with what the API knows of them."""
    if setup.external_name:
        name = f"{setup.external_name.rstrip('.')}."
        return {Question(name, rdtype): None for rdtype in ("A", "AAAA")}
    return kind_nodes(setup.workspace.inventory)


def kind_nodes(inventory: Inventory) -> dict[Question, Expected | None]:
    """The names of a kind cluster's nodes, for each family that they have addresses of."""
    found: dict[Question, Expected | None] = {}
    for node in inventory.nodes:
        if not str(node["spec"].get("providerID", "")).startswith("kind://"):
            continue
        name = f"{node['metadata']['name']}."
        ips = [
            str(ipaddress.ip_address(a["address"]))
            for a in node["status"].get("addresses", [])
            if a["type"] == "InternalIP"
        ]
        for rdtype in sorted({address_type(ip) for ip in ips}):
            records = {address_record(name, ip) for ip in ips if address_type(ip) == rdtype}
            found[Question(name, rdtype)] = Expected(records=frozenset(records))
    return found
