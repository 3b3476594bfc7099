"""Deviating questions that behave alike, and one of each group to ask again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from clusterdns.corefile.settings import absolute, is_within
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Trouble
from clusterdns.matrix.insistence import LARGE
from clusterdns.report.cell import Cell

MOST_GROUPS = 8  # that are asked about: each costs a few questions
TRANSPORTS = ("udp", "tcp")


@dataclass(frozen=True)
class Group:
    """Deviating answers that are alike in all that groups are made by."""

    cells: tuple[Cell, ...]
    checks: tuple[str, ...]
    kind: str  # of name, in words: see name_class

    @property
    def cell(self) -> Cell:
        """The one that is asked again: of a replica before one of the Service."""
        return min(self.cells, key=lambda c: (not c.wanted_rcode, c.of_service, len(c.name)))

    @property
    def questions(self) -> tuple[str, ...]:
        """What was asked, each once."""
        return tuple(dict.fromkeys(f"{cell.name} {cell.rdtype}" for cell in self.cells))


def groups_of(facts: Facts) -> list[Group]:
    """The groups of all failed checks, the largest first, and no more than are asked about."""
    found: dict[tuple[str, ...], list[tuple[Trouble, Cell]]] = defaultdict(list)
    for trouble in facts.failed:
        for cell in trouble.cells:
            if is_question(cell):
                found[key_of(facts, cell)].append((trouble, cell))
    groups = [
        Group(
            tuple(cell for _, cell in members),
            tuple(dict.fromkeys(trouble.name for trouble, _ in members)),
            key[0],
        )
        for key, members in found.items()
    ]
    return sorted(groups, key=lambda g: (-len(g.checks), -len(g.cells)))[:MOST_GROUPS]


def is_question(cell: Cell) -> bool:
    """Whether a deviating answer is one to a question that can be put again as it was."""
    known = cell.name and cell.rdtype and cell.address
    return bool(known) and cell.asked and cell.deviates and cell.transport in TRANSPORTS


def key_of(facts: Facts, cell: Cell) -> tuple[str, ...]:
    """What members of a group have in common: name, type, what came and what should have."""
    return (
        name_class(facts, cell.name),
        cell.rdtype if cell.rdtype in ("A", "AAAA", "PTR", "SRV") else "another type",
        "large" if cell.payload > LARGE else "",
        cell.rcode or "silence",
        "records" if cell.records else "",
        cell.wanted_rcode,
        "records" if cell.wanted_records else "",
        "nameserver" if cell.kind == "nameserver" else "",
    )


def name_class(facts: Facts, name: str) -> str:
    """The kind of a name, in words that follow "all are"."""
    name, zone = absolute(name), f"{facts.domain}."
    if is_within(name, "in-addr.arpa."):
        return "reverse names of IPv4 addresses"
    if is_within(name, "ip6.arpa."):
        return "reverse names of IPv6 addresses"
    if not is_within(name, zone):
        stub = stub_zone(facts, name)
        return f"names below {stub}" if stub else "names outside the cluster"
    labels = name.removesuffix(zone).rstrip(".").split(".")
    if labels[-1] == "svc" and len(labels) == 3:
        return "names of Services"
    if labels[-1] == "svc" and len(labels) > 3:
        return "names below Services"
    if labels[-1] == "pod":
        return "names of pods' addresses"
    return f"other names of the zone {zone}"


def stub_zone(facts: Facts, name: str) -> str:
    """The zone of the Corefile, other than the root, that a name outside the cluster is in."""
    reading = facts.reading
    block = reading.block_for(name) if reading else None
    if block is None or reading is None:
        return ""
    zones = [z for z in block.zones if z != "." and is_within(name, z)]
    zones += [f.zone for f in reading.forwards(name) if f.zone != "."]
    return max(zones, key=len, default="")


def is_of_cluster(facts: Facts, cell: Cell) -> bool:
    """Whether CoreDNS itself must know the answer: no upstream does."""
    zone = f"{facts.domain}."
    ends = [record.split()[-1] for record in cell.wanted_records]
    return is_within(cell.name, zone) or any(is_within(end, zone) for end in ends)


def what_is_alike(facts: Facts, group: Group) -> str:
    """What all questions of a group have in common, in one sentence."""
    cells = group.cells
    parts = [f"all are {group.kind}"]
    if len(types := each_once(cell.rdtype for cell in cells)) == 1:
        parts.append(f"of type {types[0]}")
    if len(transports := each_once(cell.transport for cell in cells)) == 1 and len(cells) > 1:
        parts.append(f"over {transports[0].upper()}")
    nodes = each_once(cell.node for cell in cells)
    if len(nodes) == 1 and len(facts.nodes) > 1:
        parts.append(f"asked from {nodes[0]} alone")
    servers = each_once(cell.server_name for cell in cells)
    everybody = 1 + len(facts.inventory.pods)
    if len(servers) == 1 < everybody:
        parts.append(f"put to {servers[0]} alone")
    return ", ".join(parts)


def what_is_unlike(facts: Facts, group: Group) -> str:
    """What is right beside them, by the looks of this moment; in one sentence, or nothing."""
    cells = group.cells
    right = []
    if group.kind != "names of Services" and _fine(facts, "known"):
        right.append("names of Services are answered")
    if "outside" not in group.kind and _fine(facts, "outside"):
        right.append("names outside the cluster are answered")
    types = set(each_once(cell.rdtype for cell in cells))
    if "names of Services" in group.kind and "A" not in types and _fine(facts, "known"):
        right.append("the type A is answered")
    for other, transport in (("tcp", "udp"), ("udp", "tcp")):
        if {cell.transport for cell in cells} == {transport} and _fine(facts, "known", other):
            right.append(f"{other.upper()} is answered")
    return " and ".join(right)


def _fine(facts: Facts, kind: str, transport: str = "") -> bool:
    wanted = {"transport": transport} if transport else {}
    said = facts.said(kind, **wanted)
    return bool(said) and all(talk.sound for talk in said)


def each_once(values: Iterable[str]) -> list[str]:
    """The values in their order, each once."""
    return list(dict.fromkeys(values))
