"""What one check compared: the numbers and the deviating cells of its report entry."""

import statistics
from dataclasses import dataclass, field

from clusterdns.matrix.answer import Answer
from clusterdns.report.cell import FILE, Cell


@dataclass
class Tally:
    """Everything that one check compared, in order."""

    cells: list[Cell] = field(default_factory=list)
    heard: list[Answer] = field(default_factory=list)  # of the whole matrix, for the next run

    def add(self, cell: Cell) -> None:
        """Note one comparison."""
        self.cells.append(cell)

    @property
    def asked(self) -> int:
        """The number of distinct cells whose whole answer was compared; files are no answers."""
        whole = (c for c in self.cells if c.whole and c.asked and c.transport != FILE)
        return len({cell.key for cell in whole})

    @property
    def not_asked(self) -> list[Cell]:
        """The distinct cells of dead paths, and those asked once only without an answer."""
        return list({cell.key: cell for cell in self.cells if not cell.asked}.values())

    @property
    def lost(self) -> int:
        """How often a question got no answer at all."""
        return sum(cell.lost for cell in self.cells)

    @property
    def ms(self) -> float:
        """The median of the cells' milliseconds; 0 when nothing was asked."""
        times = [cell.ms for cell in self.cells if cell.asked]
        return round(statistics.median(times), 3) if times else 0.0

    @property
    def deviating(self) -> list[Cell]:
        """The cells that differ from what was expected."""
        return [cell for cell in self.cells if cell.deviates]
