"""The answers of a run beside those of earlier runs: what differs, and where.

What two answers of one run already differ in is no difference: a spot (question, node, server,
transport) differs when none of its answers now says what any of before said. TTLs and orders are
compared by rules of their own (ttls.py, orders.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from clusterdns.compare.content import Content, is_clock
from clusterdns.compare.differences import Difference, differences
from clusterdns.compare.memory import Spot, Table
from clusterdns.compare.roles import FRESH
from clusterdns.report.comparison import AnswerChange

T = TypeVar("T")
SHOWN = 5  # questions of a difference that are named
ALIKE = 4  # differences in the same fields at the same places that are told as one
MOST_ASKED = 60  # spots of one difference that are asked again
ROUNDS = 2

Again = Callable[[Sequence[Spot], bool], Mapping[Spot, list[Content]]]
"""Asks the questions of spots again; True: in all forms that caches keep apart."""

Kind = tuple[Difference, ...]  # all that differs at a spot
Found = dict[Kind, list[Spot]]


@dataclass(frozen=True)
class Core:
    """What of a content is compared as it is: all but TTLs and order."""

    silent: bool
    header: tuple[str, ...]
    sections: tuple[tuple[str, ...], ...]
    edns: object
    serials: tuple[int, ...]


@lru_cache(maxsize=100_000)
def core_of(content: Content) -> Core:
    """What of a content is compared as it is."""
    if content.error:
        return Core(True, (), (), None, ())
    header = (content.opcode, content.rcode, content.flags, content.echoed)
    cut = content.truncated
    sections = tuple(
        () if cut and name != "authority" else tuple(sorted(e.words for e in section))
        for name, section in content.sections
    )
    serials = tuple(0 if is_clock(s) else s for s in content.serials)
    return Core(False, header, sections, content.edns, serials)


class Comparer:
    """Compares spots; what two contents differ in is worked out once for each pair."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Difference, ...]] = {}
        self._cores: dict[int, int] = {}
        self._numbers: dict[Core, int] = {}
        self._kept: list[Content] = []  # so that no id is given twice

    def differing(self, before: Iterable[Content], now: Iterable[Content]) -> Kind:
        """In what the answers of now differ from all of before, by the pair that differs least."""
        old = {self._core(c): c for c in before}
        new = {self._core(c): c for c in now}
        if not old or not new or old.keys() & new.keys():
            return ()
        found = [self._pair(a, b, old[a], new[b]) for a in old for b in new]
        return min(found, key=len)

    def _core(self, content: Content) -> int:
        known = self._cores.get(id(content))
        if known is None:
            self._kept.append(content)
            core = core_of(content)
            known = self._cores[id(content)] = self._numbers.setdefault(core, len(self._numbers))
        return known

    def _pair(self, a: int, b: int, old: Content, new: Content) -> tuple[Difference, ...]:
        if (a, b) not in self._known:
            self._known[a, b] = differences(old, new, ttl=False, order=False)
        return self._known[a, b]


def plain_differences(before: Table, now: Table) -> Found:
    """The spots that differ in something else than TTL and order, by what differs."""
    compare, found = Comparer(), defaultdict(list)
    for spot, contents in now.contents.items():
        if kind := compare.differing(then(before, spot), contents):
            found[kind].append(spot)
    return dict(found)


def then(before: Table, spot: Spot) -> Sequence[Content]:
    """What was said before at a spot; where it was not asked there, to the same question."""
    there = before.contents.get(spot)
    return there if there else before.by_question.get(spot[0], [])


def confirmed(found: Found, before: Table, now: Table, again: Again) -> tuple[Found, int]:
    """What differs in the same fields again when it is asked anew, in each of two rounds.

    And how many differences do not: they fluctuate. Of many spots that are alike some are asked.
    """
    compare = Comparer()
    sampled = {kind: spread(spots, MOST_ASKED) for kind, spots in found.items()}
    left = {kind: set(spots) for kind, spots in sampled.items()}
    for _ in range(ROUNDS):
        wanted = sorted({spot for spots in left.values() for spot in spots})
        answers = again(wanted, False) if wanted else {}
        for kind, spots in left.items():
            left[kind] = {
                spot
                for spot in spots
                if _same_fields(kind, compare.differing(then(before, spot), answers.get(spot, ())))
            }
    for kind, spots in left.items():
        if spots and is_only_aa(kind):
            left[kind] &= _of_the_source(kind, sorted(spots), now, again)
    sure = {
        kind: spots if left[kind] == set(sampled[kind]) else sorted(left[kind])
        for kind, spots in found.items()
        if left[kind]
    }
    return sure, len(found) - len(sure)


def is_only_aa(kind: Kind) -> bool:
    """Whether nothing but AA differs."""
    flags = [set(d.before.split()) ^ set(d.now.split()) for d in kind if d.field == "flags"]
    return len(kind) == 1 and flags == [{"AA"}]


def _of_the_source(kind: Kind, spots: Sequence[Spot], now: Table, again: Again) -> set[Spot]:
    """The spots where AA is as it is now whether a cache answers or not.

    CoreDNS's cache sets AA in what it has kept, also where whoever was asked first did not.
    """
    wanted = "AA" in kind[0].now.split()
    found = again(spots, True)
    asked_before = {spot: now.by_question.get(spot[0] + FRESH, ()) for spot in spots}
    return {
        spot
        for spot in spots
        if all(
            content.authoritative == wanted
            for content in (*found.get(spot, ()), *asked_before[spot])
        )
    }


def _same_fields(one: Kind, other: Kind) -> bool:
    return {d.field for d in one} == {d.field for d in other}


def spread(every: Sequence[T], most: int) -> list[T]:
    """At most so many of them, from the whole of them."""
    return list(every[:: max(1, -(-len(every) // most))])


def in_words(found: Found, all_spots: Iterable[Spot]) -> list[AnswerChange]:
    """The differences for a report, those of most answers first.

    Many that are in the same fields at the same places are one: what differs is told of the first.
    """
    asked: dict[str, set[Spot]] = defaultdict(set)
    for spot in all_spots:
        asked[spot[0]].add(spot)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Kind]] = defaultdict(list)
    for kind, spots in found.items():
        there = {spot for question in {s[0] for s in spots} for spot in asked[question]}
        alike[tuple(d.field for d in kind), _places(spots, there)].append(kind)
    changes = []
    for (_, places), kinds in alike.items():
        for group in [kinds] if len(kinds) >= ALIKE else [[kind] for kind in kinds]:
            changes.append(_change(group, [s for kind in group for s in found[kind]], places))
    return sorted(changes, key=lambda change: -change.cells)


def _change(kinds: Sequence[Kind], spots: Sequence[Spot], places: tuple[str, ...]) -> AnswerChange:
    questions = list(dict.fromkeys(spot[0].removesuffix(FRESH) for spot in spots))
    return AnswerChange(
        ", ".join(dict.fromkeys(d.field for d in kinds[0])),
        "; ".join(dict.fromkeys(d.before for d in kinds[0])),
        "; ".join(dict.fromkeys(d.now for d in kinds[0])),
        len(set(spots)),
        tuple(questions[:SHOWN]),
        max(0, len(questions) - SHOWN),
        places,
    )


def _places(spots: Iterable[Spot], asked: Iterable[Spot]) -> tuple[str, ...]:
    """Where it is so: servers, nodes, transports, each only where it is not so wherever asked."""
    _, nodes, servers, transports = (set(column) for column in zip(*spots, strict=True))
    _, all_nodes, all_servers, all_transports = (set(c) for c in zip(*asked, strict=True))
    return (
        *(sorted(servers) if servers != all_servers else ()),
        *(f"from {node}" for node in sorted(nodes) if nodes != all_nodes),
        *(f"over {transport}" for transport in sorted(transports) if transports != all_transports),
    )
