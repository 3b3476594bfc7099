"""The answers of the whole matrix to one question, or to several."""

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.evidence import Evidence


class Answers(Evidence[Answer]):
    """One answer for each cell: every node, every server, one transport."""

    @property
    def targets(self) -> list[str]:
        """The names that the SRV records of any cell lead to, each once, sorted."""
        return sorted({target for cell in self.cells for _, target in cell.srv_targets})
