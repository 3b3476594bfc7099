"""From what was found and what was wanted to a cell of a check's tally: made here alone."""

from dataclasses import replace

from clusterdns.matrix.criterion import Criterion, F
from clusterdns.matrix.expect import Expected
from clusterdns.report.cell import Cell


def cell_of(found: F, wanted: Criterion[F], deviates: bool, command: str = "") -> Cell:
    """One comparison in words, and where it deviates in values too.

    ``command`` repeats it. What should have come is known where a whole answer was wanted.
    """
    words = str(wanted)
    cell = Cell(
        question=str(found.question),
        node=found.node,
        server=str(found.server),
        transport=found.transport,
        expected=words,
        received=words if found.asked else found.received,
        ms=found.ms,
        deviates=deviates,
        command=command,
        lost=found.lost,
        whole=wanted.whole,
        asked=found.asked,
    )
    if not deviates and found.asked:
        return cell
    cell = replace(cell, received=found.received, **found.values)
    if not isinstance(wanted, Expected):
        return cell
    records = tuple(sorted(wanted.records))
    return replace(
        cell,
        wanted_rcode=wanted.rcode,
        wanted_records=records,
        wanted_soa=wanted.soa_zone,
        wanted_flags=tuple(sorted(wanted.flags)),
        unwanted_flags=tuple(sorted(wanted.no_flags)),
    )
