"""The matrix of one moment: which paths are dead, which alive, and the split in words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.rows import Talk


@dataclass(frozen=True)
class Split:
    """Answers to a name that every cluster has, by node, kind of server and transport."""

    answered: dict[tuple[str, str, str], list[bool]]

    @classmethod
    def of(cls, facts: Facts) -> "Split":
        """Of the talks about the known name."""
        found: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
        for talk in facts.said("known"):
            found[talk.node, talk.server.partition("/")[0], talk.transport].append(talk.answered)
        return cls(dict(found))

    def dead(self, node: str, kind: str, transport: str) -> bool:
        """Whether nothing at all came, though something was asked."""
        seen = self.answered.get((node, kind, transport), [])
        return bool(seen) and not any(seen)

    def alive(self, node: str, kind: str, transport: str) -> bool:
        """Whether everything was answered, and something was asked."""
        seen = self.answered.get((node, kind, transport), [])
        return bool(seen) and all(seen)


def dead_service_nodes(facts: Facts) -> set[str]:
    """The nodes from which the Service answers over no transport."""
    talks = facts.to_service()
    return {
        node
        for node in {talk.node for talk in talks}
        if not any(talk.answered for talk in talks if talk.node == node)
    }


def cross_failures(facts: Facts) -> list[Talk]:
    """Questions from one node to replicas on another that got no answer over any transport."""
    pairs: dict[tuple[str, str], list[Talk]] = defaultdict(list)
    for talk in facts.to_replicas():
        if talk.node != talk.server_node:
            pairs[talk.node, talk.address].append(talk)
    dead = [talks for talks in pairs.values() if not any(talk.answered for talk in talks)]
    return [talk for talks in dead for talk in talks]


def split_in_words(facts: Facts) -> list[str]:
    """What works and what does not, as short as the facts allow."""
    lines = []
    for kind, words in (
        ("known", "a name of the cluster"),
        ("absent", "a name that does not exist in the cluster"),
        ("outside", "a name outside the cluster"),
    ):
        talks = facts.said(kind)
        wanted = ("NOERROR",) if kind == "known" else ("NOERROR", "NXDOMAIN")
        bad = [talk for talk in talks if talk.result not in wanted]
        if bad:
            good = [talk for talk in talks if talk.result in wanted]
            lines.append(f"{words}: {describe(bad, good)}")
    return lines


def describe(bad: Iterable[Talk], good: Iterable[Talk]) -> str:
    """One sentence: over what, from where, to whom it fails, with which errors; and what works."""
    failed, fine = list(bad), list(good)
    results = sorted({talk.result for talk in failed})
    text = f"{over(failed)} from {where(failed, fine)} to {whom(failed, fine)} fails"
    text += f" ({', '.join(results)})"
    rest = [
        f"{transport.upper()} works"
        for transport in sorted({t.transport for t in fine} - {t.transport for t in failed})
    ]
    if others := {t.node for t in fine} - {t.node for t in failed}:
        rest.append(f"from {nodes_in_words(others)} all is well")
    if servers := {t.server for t in fine} - {t.server for t in failed}:
        rest.append(f"{', '.join(sorted(servers))} answers")
    if not fine:
        rest.append("nothing works")
    return ", ".join([text, *rest])


def over(talks: list[Talk]) -> str:
    """The transports over which questions fail, in words."""
    return " and ".join(sorted({talk.transport.upper() for talk in talks}, reverse=True))


def where(failed: list[Talk], fine: list[Talk]) -> str:
    """The nodes from which questions fail, in words."""
    nodes = {talk.node for talk in failed}
    everywhere = nodes == nodes | {talk.node for talk in fine} and len(nodes) > 1
    return "every node" if everywhere else f"node {nodes_in_words(nodes)}"


def whom(failed: list[Talk], fine: list[Talk]) -> str:
    """The servers, or that it is all replicas, or everybody."""
    servers = {talk.server for talk in failed}
    known = servers | {talk.server for talk in fine}
    pods = {name for name in known if name.startswith("pod/")}
    if servers == known and len(servers) > 1:
        return "the Service and every replica"
    if servers == pods:
        return "every replica"
    return ", ".join(sorted(servers))
