"""The one way to assert: what was found, cell by cell, beside what must be.

A check asks, then says ``assert found.match(wanted), found``. ``wanted`` is one of three:

- one criterion for all cells: an ``Expected`` answer, or what a file must hold (``Exactly``);
- a mapping from each question to its criterion, for many names that are one claim;
- a named ``Rule``, for what is no comparison of the whole, such as a flag or a size.

Answers of DNS (``Answers``) and observations in pods are both such evidence: they share the
comparison, the count in the check's tally and the message of a failure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from clusterdns.matrix.cells import cell_of
from clusterdns.matrix.criterion import Criterion, F
from clusterdns.matrix.tally import Tally

MOST_PATHS = 2  # that the reason of a check that was not run names
MOST_ROWS = 12  # deviating cells printed in a message; the report has them all


class NotAskedError(Exception):
    """No cell could be asked, or none often enough; the text says why."""


@dataclass(repr=False)
class Evidence(Generic[F]):
    """All cells of one question, or of several; the repr is the message of a failed check."""

    cells: Sequence[F]
    tally: Tally  # of the check that compares them
    repeat: Callable[[F], str]  # the command that repeats one cell
    deviating: list[tuple[F, str]] = field(default_factory=list)  # and what was expected

    def __iter__(self) -> Iterator[F]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    def match(self, wanted: Criterion[F] | Mapping[Any, Criterion[F]]) -> bool:
        """Whether every cell is as wanted, and there is at least one.

        A cell without an answer never is. Each cell is noted in the check's tally. Raises
        KeyError when a mapping does not have the question of a cell, and NotAskedError when
        no cell could be asked. Cells that could not be asked, or once only, deviate from nothing;
        where the others are right the message says just that, in one line.
        """
        self.deviating = []
        for found in self.cells:
            criterion = wanted[found.question] if isinstance(wanted, Mapping) else wanted
            deviates = found.asked and not (found.answered and criterion.accepts(found))
            if deviates:
                self.deviating.append((found, str(criterion)))
            command = self.repeat(found) if deviates else ""
            self.tally.add(cell_of(found, criterion, deviates, command))
        asked = sum(found.asked for found in self.cells)
        if self.cells and not asked:
            raise NotAskedError(self._left_out)
        return 0 < asked == len(self.cells) and not self.deviating

    @property
    def _left_out(self) -> str:
        """Which paths are dead, and what could be compared all the same, in one line."""
        out = [found for found in self.cells if not found.asked]
        paths = dict.fromkeys(f"{o.node} > {o.server} over {o.transport}" for o in out)
        more = f" and {len(paths) - MOST_PATHS} more paths" if len(paths) > MOST_PATHS else ""
        right = len(self.cells) - len(out)
        return (
            f"{len(out)} of {len(self.cells)} answers are missing on "
            f"{', '.join(list(paths)[:MOST_PATHS])}{more}: {out[0].received}"
            + (f"; the other {right} are right" if right else "")
        )

    def __repr__(self) -> str:
        if not self.cells:
            return "nothing was asked, so nothing was found"
        if not self.deviating and not all(found.asked for found in self.cells):
            return self._left_out
        if not self.deviating:
            return "\n".join(repr(cell) for cell in self.cells)
        first, expected = self.deviating[0]
        lines = [
            f"{first.heading}: {len(self.deviating)} of {len(self.cells)} cells deviate",
            f"  expected  {expected}",
        ]
        for found, wanted in self.deviating[:MOST_ROWS]:
            lines.append(f"  received  {found.received}")
            if found.question != first.question and str(found.question) != str(first.question):
                lines.append(f"            for {found.question}")
            lines.append(f"            {found.place}")
            if wanted != expected:
                lines.append(f"            where {wanted} was expected")
        if len(self.deviating) > MOST_ROWS:
            lines.append(f"  ... and {len(self.deviating) - MOST_ROWS} more, see the report")
        if command := self.repeat(first):
            lines.append(f"  repeat    {command}")
        return "\n".join(lines)
