"""What a right answer is, by what a deviating one should have been."""

from dataclasses import dataclass

from clusterdns.matrix.answer import Answer
from clusterdns.report.cell import MOST_RECORDS, Cell


@dataclass(frozen=True)
class Right:
    """Tells right answers to a question from the wrong ones that a check got.

    Where a check compared whole answers, the expected one is known. Where it had another rule,
    only the wrong answer is: then what is unlike it counts as right, which proves nothing.
    """

    rcode: str
    records: frozenset[str]
    soa: str
    flags: frozenset[str]
    no_flags: frozenset[str]
    wrong: tuple[str, frozenset[str]]  # rcode or "", and records, that were seen
    words: str

    @classmethod
    def of(cls, cell: Cell) -> "Right":
        """What was expected of a deviating answer."""
        return cls(
            rcode=cell.wanted_rcode,
            records=frozenset(cell.wanted_records),
            soa=cell.wanted_soa,
            flags=frozenset(cell.wanted_flags),
            no_flags=frozenset(cell.unwanted_flags),
            wrong=(cell.rcode, frozenset(cell.records)),
            words=cell.expected,
        )

    @property
    def known(self) -> bool:
        """Whether the whole right answer is known."""
        return bool(self.rcode)

    def accepts(self, answer: Answer) -> bool:
        """Whether an answer is right."""
        if not answer.answered:
            return False
        if not self.known:
            seen = frozenset(sorted(answer.records)[:MOST_RECORDS])
            return (answer.rcode, seen) != self.wrong and answer.rcode in ("NOERROR", "NXDOMAIN")
        some = len(self.records) >= MOST_RECORDS  # facts keep no more: there may have been more
        records = self.records <= answer.records if some else self.records == answer.records
        return (
            answer.rcode == self.rcode
            and records
            and (not self.soa or answer.soa_zone == self.soa)
            and self.flags <= answer.flags
            and not self.no_flags & answer.flags
        )
