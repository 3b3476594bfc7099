"""What is compared in one cell, and by what: a found thing, and the criterion that it must meet."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from clusterdns.report.cell import Values


class Found(Protocol):
    """One cell: what was asked where, and what was found."""

    @property
    def question(self) -> Hashable:
        """What was asked; its text is that of the report."""

    @property
    def node(self) -> str:
        """Where it was asked from."""

    @property
    def server(self) -> object:
        """Who was asked; its text is that of the report."""

    @property
    def transport(self) -> str:
        """How it was asked: "udp", "tcp", the tool of a lookup, or FILE."""

    @property
    def ms(self) -> float:
        """How long it took, in milliseconds."""

    @property
    def lost(self) -> int:
        """How often it got no answer at all."""

    @property
    def asked(self) -> bool:
        """Whether it could be asked at all."""

    @property
    def answered(self) -> bool:
        """Whether there is anything to compare."""

    @property
    def received(self) -> str:
        """What was found, in one line."""

    @property
    def values(self) -> Values:
        """What is known of the question, the server and what was found, for the diagnosis."""

    @property
    def heading(self) -> str:
        """The question and how it was put, for the first line of a message."""

    @property
    def place(self) -> str:
        """From where to whom, for a message."""


F = TypeVar("F", bound=Found)
G = TypeVar("G", contravariant=True)


class Criterion(Protocol[G]):
    """What a cell must be; its text is what a message says was expected."""

    @property
    def whole(self) -> bool:
        """Whether the whole of what was found is compared, not just something about it."""

    def accepts(self, found: G, /) -> bool:
        """Whether a cell is as it must be."""


@dataclass(frozen=True)
class Rule(Generic[F]):
    """A criterion with a name in words. It does not count as a whole answer unless it says so."""

    words: str  # what is expected, such as "the TC flag"
    holds: Callable[[F], bool]
    whole: bool = False

    def accepts(self, found: F, /) -> bool:
        """Whether the rule holds for a cell."""
        return self.holds(found)

    def __str__(self) -> str:
        return self.words
