"""From an answer and what was expected of it to a cell of a check's tally."""

from dataclasses import replace

from clusterdns.asking.answer import Answer
from clusterdns.asking.expect import Expected
from clusterdns.report.cell import Cell


def cell_of(
    answer: Answer,
    expected: Expected | str,
    deviates: bool,
    *,
    command: str = "",
    whole: bool = True,
) -> Cell:
    """One compared answer; ``expected`` is a rule in words where no whole answer is compared."""
    words = str(expected)
    cell = Cell(
        question=str(answer.question),
        node=answer.node,
        server=str(answer.server),
        transport=answer.transport,
        expected=words,
        received=words,
        ms=answer.ms,
        deviates=deviates,
        command=command,
        lost=answer.lost,
        whole=whole,
    )
    return with_values(cell, answer, expected) if deviates else cell


def with_values(cell: Cell, answer: Answer, expected: Expected | str) -> Cell:
    """The cell with all that is known of the question, the answer and what was expected."""
    wanted = expected if isinstance(expected, Expected) else Expected(rcode="")
    return replace(
        cell,
        received=answer.received,
        name=answer.question.name,
        rdtype=answer.question.rdtype,
        server_name=answer.server.name,
        address=answer.server.address,
        asked=answer.asked,
        rcode=answer.rcode if answer.answered else "",
        error="" if answer.answered else answer.error or "no answer",
        records=tuple(sorted(answer.records)),
        wanted_rcode=wanted.rcode,
        wanted_records=tuple(sorted(wanted.records)),
    )
