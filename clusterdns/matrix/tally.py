"""What one check compared: the numbers and the deviating cells of its report entry."""

import statistics
from dataclasses import dataclass, field

FILE = "file"  # the transport of what a pod has on disk: compared, but no answer of a server


@dataclass(frozen=True)
class Cell:
    """One compared answer: what was asked from where, of whom, and what came of it."""

    question: str
    node: str
    server: str
    transport: str
    expected: str
    received: str  # in words; what was expected, when it does not deviate
    ms: float
    deviates: bool
    command: str = ""  # repeats the question afterwards
    lost: int = 0  # how often it got no answer at all
    whole: bool = True  # the whole answer was compared, not just something about it

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes a cell distinct: a repeat of the same question does not count twice."""
        return (self.question, self.node, self.server, self.transport)


@dataclass
class Tally:
    """Everything that one check compared, in order."""

    cells: list[Cell] = field(default_factory=list)

    def add(self, cell: Cell) -> None:
        """Note one comparison."""
        self.cells.append(cell)

    @property
    def asked(self) -> int:
        """The number of distinct cells whose whole answer was compared; files are no answers."""
        whole = (cell for cell in self.cells if cell.whole and cell.transport != FILE)
        return len({cell.key for cell in whole})

    @property
    def lost(self) -> int:
        """How often a question got no answer at all."""
        return sum(cell.lost for cell in self.cells)

    @property
    def ms(self) -> float:
        """The median of the cells' milliseconds; 0 when nothing was asked."""
        times = [cell.ms for cell in self.cells]
        return round(statistics.median(times), 3) if times else 0.0

    @property
    def deviating(self) -> list[dict[str, object]]:
        """The cells that differ, as the report has them."""
        return [
            {
                "question": cell.question,
                "node": cell.node,
                "server": cell.server,
                "transport": cell.transport,
                "expected": cell.expected,
                "received": cell.received,
                "ms": round(cell.ms, 3),
                "command": cell.command,
            }
            for cell in self.cells
            if cell.deviates
        ]
