"""What a check of pods compared, place by place; its repr is the failure message.

The like of Answers for what is no DNS message: lookups by a C library, files that the kubelet
wrote, questions counted at a server.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterdns.matrix.tally import FILE, Cell, Tally

MOST_ROWS = 12  # deviating places printed in a message; the report has them all


@dataclass(frozen=True, repr=False)
class Evidence:
    """One cell for each pod that was looked at, compared already."""

    cells: Sequence[Cell]

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def deviating(self) -> list[Cell]:
        """The cells that are not as expected."""
        return [cell for cell in self.cells if cell.deviates]

    def noted_in(self, tally: Tally) -> "Evidence":
        """Itself, with every cell noted in a check's tally."""
        for cell in self.cells:
            tally.add(cell)
        return self

    @property
    def deviations(self) -> dict[str, str]:
        """Where something deviates, and what was found there instead."""
        return {f"{cell.node}: {cell.question}": cell.received for cell in self.deviating}

    def __repr__(self) -> str:
        if not self.deviating:
            return "\n".join(f"<{c.question} on {c.node} -> {c.received}>" for c in self.cells)
        lines = [f"{len(self.deviating)} of {len(self.cells)} places deviate"]
        for cell in self.deviating[:MOST_ROWS]:
            asked = "" if cell.transport == FILE else f", {cell.transport}, {cell.server}"
            lines += [
                f"  {cell.question} on {cell.node}{asked}",
                f"    expected  {cell.expected}",
                f"    found     {cell.received}",
            ]
        if len(self.deviating) > MOST_ROWS:
            lines.append(f"  ... and {len(self.deviating) - MOST_ROWS} more, see the report")
        lines += [f"  repeat      {c.command}" for c in self.deviating[:1] if c.command]
        return "\n".join(lines)
