"""What was found in one place that is no DNS message: a file, a lookup, questions that arrived."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.tally import Tally
from clusterdns.report.cell import FILE, Values


@dataclass(frozen=True)
class Observation:
    """One cell of such evidence; ``value`` is what is compared."""

    question: Hashable
    node: str
    server: str
    transport: str  # the tool of a lookup, or FILE
    value: object
    received: str  # the value in words, with what helps to understand it
    again: Callable[[], str]  # the command that looks again; empty when there is none
    ms: float = 0.0
    lost: int = 0
    answered: bool = True
    asked: bool = True
    values: Values = field(default_factory=lambda: Values())  # for the diagnosis; most have none

    @property
    def heading(self) -> str:
        """What was looked at, and by which tool."""
        return f"{self.question}" + ("" if self.transport == FILE else f", {self.transport}")

    @property
    def place(self) -> str:
        """The node; for what is no file, who was asked as well."""
        return f"on {self.node}" + ("" if self.transport == FILE else f", {self.server}")

    def __repr__(self) -> str:
        return f"<{self.question} on {self.node} -> {self.received}>"


def observed(cells: Iterable[Observation], tally: Tally) -> Evidence[Observation]:
    """What was found in several places, to be compared by the check that the tally belongs to."""
    return Evidence(tuple(cells), tally, lambda cell: cell.again())


@dataclass(frozen=True)
class Exactly:
    """The criterion that exactly this was found; ``words`` say it in a message."""

    value: object
    words: str
    whole: bool = True

    def accepts(self, found: Observation, /) -> bool:
        """Whether exactly this value was found."""
        return found.value == self.value

    def __str__(self) -> str:
        return self.words
