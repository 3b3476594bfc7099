"""The answers of the whole matrix to one question; their repr is the failure message."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.tally import Cell, Tally

MOST_ROWS = 12  # deviating cells printed in a message; the report has them all


@dataclass(repr=False)
class Answers:
    """One answer for each cell: every node, every server, one transport."""

    cells: Sequence[Answer]
    tally: Tally
    repeat: Callable[[Answer], str]  # the command that repeats one cell
    deviating: list[tuple[Answer, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def targets(self) -> list[str]:
        """The names that the SRV records of any cell lead to, each once, sorted."""
        return sorted({target for cell in self.cells for _, target in cell.srv_targets})

    def deviating_from(self, expected: Expected | Callable[[Answer], Expected]) -> dict[str, str]:
        """The cells whose whole answer is not the expected one: where, and what they said.

        ``expected`` may depend on the cell, for what differs from server to server. Every cell
        is noted in the check's tally.
        """
        if callable(expected):
            want = expected
            return self._compare(lambda a: str(want(a)), lambda a: want(a).accepts(a), True)
        words = str(expected)
        return self._compare(lambda _: words, expected.accepts, True)

    def judge(self, rule: str, holds: Callable[[Answer], bool]) -> dict[str, str]:
        """The cells for which a rule does not hold; ``rule`` says in words what is expected.

        For what is no comparison of the whole answer: such cells do not count as compared.
        """
        return self._compare(lambda _: rule, holds, False)

    def _compare(
        self, rule: Callable[[Answer], str], holds: Callable[[Answer], bool], whole: bool
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for answer in self.cells:
            words = rule(answer)
            deviates = not (answer.answered and holds(answer))
            command = self.repeat(answer) if deviates else ""
            if deviates:
                self.deviating.append((answer, words))
                found[f"{answer.node} > {answer.server.name} {answer.question}"] = answer.received
            self.tally.add(
                Cell(
                    question=str(answer.question),
                    node=answer.node,
                    server=str(answer.server),
                    transport=answer.transport,
                    expected=words,
                    received=answer.received if deviates else words,
                    ms=answer.ms,
                    deviates=deviates,
                    command=command,
                    lost=answer.lost,
                    whole=whole,
                )
            )
        return found

    def __repr__(self) -> str:
        if not self.deviating:
            return "\n".join(repr(cell) for cell in self.cells)
        first, expected = self.deviating[0]
        lines = [
            f"{first.question} over {first.transport}: "
            f"{len(self.deviating)} of {len(self.cells)} cells deviate",
            f"  expected  {expected}",
        ]
        for answer, wanted in self.deviating[:MOST_ROWS]:
            lines.append(f"  received  {answer.received}")
            if answer.question != first.question:
                lines.append(f"            for {answer.question}")
            lines.append(f"            from {answer.node} to {answer.server}, {answer.ms:.1f} ms")
            if wanted != expected:
                lines.append(f"            where {wanted} was expected")
        if len(self.deviating) > MOST_ROWS:
            lines.append(f"  ... and {len(self.deviating) - MOST_ROWS} more, see the report")
        lines.append(f"  repeat    {self.repeat(first)}")
        return "\n".join(lines)
