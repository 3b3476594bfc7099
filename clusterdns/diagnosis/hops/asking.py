"""The same question, put to every hop directly: all groups and all hops side by side.

It costs questions only. Each is put twice, from new sockets: one that was lost says nothing.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from clusterdns.corefile.settings import absolute
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.groups import Group, is_of_cluster
from clusterdns.diagnosis.hops.place import Heard
from clusterdns.diagnosis.hops.right import Right
from clusterdns.diagnosis.looks import OUTSIDE_S, SLOW_S, Query, answers
from clusterdns.diagnosis.upstreams import host_of
from clusterdns.diagnosis.work import Work
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Probe

TIMES = 2
HOST = " (host network)"
MOST_REPLICAS = 6  # of large clusters the first few: a fault of all is seen at these, too


@dataclass(frozen=True)
class Asked:
    """One hop with its answers.

    ``hop``: "service", "near" (a replica, from its own node), "far" (from another), "host" (the
    Service, from the network of a node itself), "upstream", or "private" (an instance of ours).
    """

    hop: str
    server: Server
    node: str
    answers: tuple[Answer, ...]
    where: str = ""  # of an upstream: where it is written

    def is_right(self, right: Right) -> bool:
        """Whether it says what is right: lost answers do not count as long as one came."""
        came = [a for a in self.answers if a.answered]
        return bool(came) and all(right.accepts(a) for a in came)

    @property
    def is_silent(self) -> bool:
        """Whether nothing came at all."""
        return not any(a.answered for a in self.answers)

    def heard(self, right: Right) -> Heard:
        """What it said, as the proof has it: a wrong answer before a right one."""
        came = sorted(self.answers, key=lambda a: (right.accepts(a), not a.answered))
        ok = self.is_right(right)
        first = next((a for a in came if a.answered), came[0])
        return Heard(self.who, self.node, told(first), ok)

    @property
    def who(self) -> str:
        """Who was asked, in words."""
        kind, _, name = self.server.name.partition("/")
        known = {"pod": "replica", "service": "the Service", "upstream": "the upstream"}
        words = " ".join(filter(None, (known.get(kind, kind), name)))
        return f"{words} ({self.server.address})" if name else f"{words} {self.server.address}"


def told(answer: Answer) -> str:
    """An answer as a proof has it: code and records, no flags."""
    if not answer.answered:
        return f"no answer ({answer.error})"
    records = [record.split(" ", 1)[1] for record in sorted(answer.records)]
    more = f" and {len(records) - 3} more" if len(records) > 3 else ""
    return (
        f"{answer.rcode} {', '.join(records[:3])}{more}".strip()
        if records
        else (f"{answer.rcode} without records" if answer.rcode == "NOERROR" else answer.rcode)
    )


def ask_hops(
    facts: Facts, groups: Sequence[Group], probes: Mapping[str, Probe], work: Work
) -> dict[int, list[Asked]]:
    """What each hop says to the question of each group, by the group's number."""
    wanted: dict[str, list[tuple[int, str, str, Query]]] = defaultdict(list)
    for number, group in enumerate(groups):
        for node, hop, where, query in queries(facts, group, probes):
            wanted[node] += [(number, hop, where, query)] * TIMES
    for node, planned in wanted.items():
        work.start(f"hops from {node}", answers, probes[node], [query for *_, query in planned])
    seen: dict[tuple[int, str, str, Server, str], list[Answer]] = defaultdict(list)
    for node, planned in wanted.items():
        got = work.get(f"hops from {node}", list[Answer]())
        for (number, hop, where, query), answer in zip(planned, got, strict=False):
            seen[number, hop, where, query.server, node].append(answer)
    found: dict[int, list[Asked]] = defaultdict(list)
    for (number, hop, where, server, node), came in seen.items():
        found[number].append(Asked(hop, server, node, tuple(came), where))
    return found


def queries(
    facts: Facts, group: Group, probes: Mapping[str, Probe]
) -> list[tuple[str, str, str, Query]]:
    """The questions of one group: from which node, at which hop, where that is written."""
    cell = group.cell
    question = Question(absolute_name(cell.name), cell.rdtype, payload=cell.payload or None)
    transport = cast(Transport, cell.transport)
    own = is_of_cluster(facts, cell)
    patience = OUTSIDE_S if own else SLOW_S
    start = cell.node if cell.node in probes else next(iter(probes), "")
    found: list[tuple[str, str, str, Query]] = []

    def put(node: str, hop: str, server: Server, where: str = "") -> None:
        if node in probes:
            query = Query(hop, question, server, transport, patience)
            found.append((node, hop, where, query))

    pods = [node for node in probes if not is_host(node)]
    nodes = list(dict.fromkeys([start, *pods]))[:2]
    for server in facts.inventory.services or strange(group):
        for node in nodes:
            put(node, "service", server)
        put(host_of_node(start), "host", server)
    for server in facts.inventory.replicas[:MOST_REPLICAS]:
        put(server.node, "near", server)
        put(next((node for node in nodes if node != server.node), ""), "far", server)
    if not own:
        for address, where in upstreams_for(facts, question.name).items():
            put(start, "upstream", Server("upstream", address), where)
    return found


def host_of_node(node: str) -> str:
    """The network of a node itself, as one more place to ask from."""
    return f"{node}{HOST}"


def is_host(place: str) -> bool:
    """Whether a place to ask from is the network of a node itself."""
    return place.endswith(HOST)


def strange(group: Group) -> tuple[Server, ...]:
    """The address that stands in for the Service, where there is none."""
    cells = [cell for cell in group.cells if cell.kind == "nameserver"]
    return tuple(Server(cell.server_name, cell.address) for cell in cells[:1])


def absolute_name(name: str) -> str:
    """A name with its final dot, its case kept."""
    return name if name.endswith(".") else absolute(name)


def upstreams_for(facts: Facts, name: str) -> dict[str, str]:
    """The addresses to which the Corefile sends a name, and where each is written."""
    reading, found = facts.reading, dict[str, str]()
    for forward in reading.forwards(name) if reading else ():
        for to in forward.to:
            if to.startswith("/"):
                for node, conf in (facts.node_confs or {}).items():
                    for address in conf.nameservers:
                        found.setdefault(address, f"resolv.conf of {node}")
            elif address := host_of(to):
                where = f"{forward.plugin} {forward.zone} {to}, line {forward.line}"
                found.setdefault(address, where)
    return {a: where for a, where in found.items() if not ipaddress.ip_address(a).is_loopback}
