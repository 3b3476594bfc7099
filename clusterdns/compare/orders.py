"""The order of records in answers of two runs, although servers let it turn.

Of each server and type it is looked at whether two answers to a question that hold the same records
have them in the same order: of 20 such pairs or more none ever differed (it is fixed), or a tenth
and more did (it turns). Where it is fixed both times, for records that are not of the run's own
objects, it is also compared which order it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from clusterdns.compare.answers import Again, Found
from clusterdns.compare.content import Content
from clusterdns.compare.differences import Difference, in_order
from clusterdns.compare.memory import Spot, Table
from clusterdns.compare.roles import RUN

FEWEST_PAIRS = 20
TURNS = 0.1  # of the pairs differ where an order turns
FEWEST = 6  # answers in the same order, until it counts as fixed
ROUNDS = 6  # of questions that are asked again
MOST_ASKED = 12

Way = tuple[str, str]  # server, type
Order = tuple[str, ...]


def orders_of(contents: Iterable[Content]) -> list[Order]:
    """The order of each answer that has several records of one type."""
    found = []
    for content in contents:
        if content.truncated:
            continue
        order = tuple(entry.words for entry in content.answer)
        if len(set(order)) > 1 and len({e.rdtype for e in content.answer}) == 1:
            found.append(order)
    return found


class Orders:
    """The orders of a run: by server and type, and by question."""

    def __init__(self, contents: Mapping[Spot, Sequence[Content]]) -> None:
        self.by_question: dict[str, list[Order]] = defaultdict(list)
        self.spots: dict[Way, list[Spot]] = defaultdict(list)
        at_server: dict[tuple[str, str, str], list[Order]] = defaultdict(list)
        for spot, found in contents.items():
            if orders := orders_of(found):
                rdtype = orders[0][0].split(" ")[1]
                self.by_question[spot[0]] += orders
                at_server[spot[2], rdtype, spot[0]] += orders
                self.spots[spot[2], rdtype].append(spot)
        self._pairs: dict[Way, list[bool]] = defaultdict(list)
        for (server, rdtype, _), orders in at_server.items():
            self._pairs[server, rdtype] += [
                a != b for a, b in pairwise(orders) if sorted(a) == sorted(b)
            ]

    def manner(self, way: Way) -> str:
        """Whether the order is "fixed" or "turns"; empty where that is not sure."""
        pairs = self._pairs.get(way, [])
        if len(pairs) < FEWEST_PAIRS:
            return ""
        return "fixed" if not any(pairs) else "turns" if sum(pairs) >= TURNS * len(pairs) else ""

    def fixed(self, question: str) -> Order | None:
        """The one order of all answers to a question; None where there is none."""
        orders = self.by_question.get(question, [])
        return orders[0] if len(orders) >= FEWEST and len(set(orders)) == 1 else None


def order_differences(before: Table, now: Table, again: Again) -> tuple[Found, int]:
    """The orders that have changed, and how many that seemed to have only turned."""
    old, new = Orders(before.contents), Orders(now.contents)
    suspects: Found = {}
    for way, spots in new.spots.items():
        manners = old.manner(way), new.manner(way)
        if all(manners) and manners[0] != manners[1]:
            words = [f"{manner} ({way[1]} records)" for manner in manners]
            suspects.setdefault((Difference("order", *words),), []).extend(spots)
    for question in new.by_question:
        was, is_now = old.fixed(question), new.fixed(question)
        if (
            was
            and is_now
            and was != is_now
            and sorted(was) == sorted(is_now)
            and RUN not in question
        ):
            difference = Difference("order", in_order(list(was)), in_order(list(is_now)))
            suspects[difference,] = [spot for spot in now.contents if spot[0] == question]
    found = {kind: spots for kind, spots in suspects.items() if _again(kind[0], spots, again)}
    return found, len(suspects) - len(found)


def _again(difference: Difference, spots: Sequence[Spot], again: Again) -> bool:
    """Whether what is asked anew, several times, has the order of now."""
    some = spots[:MOST_ASKED]
    seen: dict[Spot, list[Content]] = defaultdict(list)
    for _ in range(ROUNDS):
        for spot, contents in again(some, False).items():
            seen[spot] += contents
    orders = {spot: orders_of(contents) for spot, contents in seen.items()}
    if difference.now.startswith("turns"):
        return any(len(set(each)) > 1 for each in orders.values())
    if difference.now.startswith("fixed"):
        return all(len(set(each)) == 1 for each in orders.values() if each)
    return {in_order(list(o)) for each in orders.values() for o in each} == {difference.now}
