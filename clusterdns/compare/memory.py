"""Earlier runs, taken together: what each question was answered then, and what it took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from clusterdns.compare.content import Content
from clusterdns.compare.recording import Place, Recording

Spot = tuple[str, str, str, str]  # question, node, server, transport


@dataclass
class Table:
    """The answers of a run by spot, with names of nodes and servers as the run of now has them."""

    contents: dict[Spot, list[Content]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[tuple[str, str], list[tuple[Spot, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    paths: dict[tuple[str, str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    asked_by: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, run: Recording, nodes: Mapping[str, str], servers: Mapping[Place, str]) -> None:
        """Take the answers of a run; the mappings say whom a node or a server is compared with."""
        node_names = [nodes[name] for name in run.nodes]
        server_names = [servers[place] for place in run.servers]
        for cell in run.cells:
            spot = (
                run.questions[cell.question],
                node_names[cell.node],
                server_names[cell.server],
                cell.transport,
            )
            check = run.checks[cell.check]
            self.contents[spot].append(run.contents[cell.content])
            self.checks[check].append((spot, cell.ms))
            self.asked_by[spot[0]].add(check)
        for (node, server, transport), blocks in run.paths.items():
            self.paths[node_names[node], server_names[server], transport] += blocks

    @cached_property
    def by_question(self) -> dict[str, list[Content]]:
        """All contents of each question, wherever it was asked."""
        found: dict[str, list[Content]] = defaultdict(list)
        for spot, contents in self.contents.items():
            found[spot[0]] += contents
        return found


def table_of(run: Recording) -> Table:
    """The answers of a run under its own names."""
    table = Table()
    table.add(run, {n: n for n in run.nodes}, {s: s.words for s in run.servers})
    return table


def memory_of(before: Iterable[Recording], now: Recording) -> Table:
    """The answers of earlier runs under the names that nodes and servers have now."""
    table = Table()
    for run in before:
        nodes = matched(run.nodes, now.nodes)
        table.add(run, nodes, matched_servers(run.servers, now.servers, nodes))
    return table


def matched(before: Sequence[str], now: Sequence[str]) -> dict[str, str]:
    """Who each of these is compared with: of the same name, else the next that is left.

    Whoever finds nobody stands for itself.
    """
    same = {name: name for name in before if name in set(now)}
    left = [name for name in sorted(now) if name not in same]
    others = [name for name in sorted(before) if name not in same]
    pairs = dict(zip(others, left, strict=False))
    return same | {name: pairs.get(name, name) for name in others}


def matched_servers(
    before: Sequence[Place], now: Sequence[Place], nodes: Mapping[str, str]
) -> dict[Place, str]:
    """The same for servers: a Service with the Service of its family, replicas by name and node."""
    found: dict[Place, str] = {}
    left = list(now)
    ways = (
        lambda old, new: old.name == new.name,
        lambda old, new: nodes.get(old.node) == new.node,
        lambda old, new: True,
    )
    for same in ways:
        for old in sorted(before):
            like = [new for new in sorted(left) if old.kind == new.kind and same(old, new)]
            if old not in found and like:
                found[old] = like[0].words
                left.remove(like[0])
    return found | {old: old.words for old in before if old not in found}
