"""Which checks a cause explains: by what they are about, or by all their deviating answers."""

from collections.abc import Callable
from dataclasses import dataclass

from clusterdns.corefile.settings import is_within
from clusterdns.diagnosis.rows import Trouble
from clusterdns.report.cell import FILE, Cell
from clusterdns.report.topics import known


@dataclass(frozen=True)
class All:
    """Checks that are about all of some topics, and about none of others."""

    topics: frozenset[str] = frozenset()
    none_of: frozenset[str] = frozenset()

    def holds(self, about: frozenset[str]) -> bool:
        """Whether a check with these topics is one of them."""
        return self.topics <= about and not self.none_of & about


Topics = tuple[All, ...]
"""Alternatives: a check that one of them holds for is meant."""

EVERYTHING: Topics = (All(),)
"""Every check."""


def about(*words: str | All) -> Topics:
    """Checks that are about any of these topics. Raises UnknownTopicError."""
    return tuple(All(known(word)) if isinstance(word, str) else word for word in words)


def both(*words: str) -> All:
    """Checks that are about all of these topics at once. Raises UnknownTopicError."""
    return All(known(*words))


def other_than(*words: str) -> All:
    """Checks that are about none of these topics. Raises UnknownTopicError."""
    return All(none_of=known(*words))


@dataclass(frozen=True)
class Scope:
    """Which checks a cause explains.

    A check that is about one of the ``topics`` is explained whatever it found; any other, when
    ``cells`` holds for all of its deviating answers.
    """

    topics: Topics = ()
    cells: Callable[[Cell], bool] | None = None

    def explains(self, trouble: Trouble) -> bool:
        """Whether this check's failure follows from the cause."""
        if is_about(trouble, self.topics):
            return True
        answers = [cell for cell in trouble.cells if cell.transport != FILE]
        # What was not asked any more says nothing, as long as something was.
        answers = [cell for cell in answers if cell.asked] or answers
        return bool(answers) and self.cells is not None and all(map(self.cells, answers))


def is_about(trouble: Trouble, topics: Topics) -> bool:
    """Whether a check is one of those meant."""
    return any(one.holds(trouble.about) for one in topics)


def from_nodes(nodes: set[str]) -> Scope:
    """Checks of which all deviating answers were asked from these nodes."""
    return Scope(FROM_NODES, lambda cell: cell.node in nodes)


ANSWERS_LATE = about("paths", "health-pages", "short-names", "large-answers")
"""Checks that a server fails which is late or silent, whatever it is asked."""

FROM_NODES = about("paths", "updates", "short-names", "health-pages")


def through_service(cell: Cell) -> bool:
    """An answer that was asked of the DNS Service, and did not come."""
    return cell.of_service


def unanswered(cell: Cell) -> bool:
    """An answer that did not come, whoever was asked."""
    return cell.silent


def is_reverse(cell: Cell) -> bool:
    """An answer about the name of an address."""
    return is_within(cell.name, "arpa.")
