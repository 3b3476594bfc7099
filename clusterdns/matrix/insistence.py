"""How often and for how long a question without an answer is asked again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from clusterdns.matrix.losses import Path
from clusterdns.matrix.question import Question

ALIKE = 6  # tries that wait as long as the first; each later one waits longer
GROWTH = 1.5
KIND_BUDGET_S = 10.0  # that questions of one kind may cost on one path before each is asked once
PATH_KINDS = 3  # such budgets for all kinds of a path, before a silent one is asked once


def tries(first: float, over: float) -> list[float]:
    """How long each try of a question waits, in seconds: at least ``over`` in all.

    >>> tries(1.0, 5.0)
    [1.0, 1.5, 2.25, 3.375]
    """
    waits = [first]
    alike = ALIKE if first < over / (2 * ALIKE) else 1
    while sum(waits) < over:
        waits.append(first if len(waits) < alike else waits[-1] * GROWTH)
    return waits


Kind = tuple[str, str, bool]
"""What makes questions alike: the last two labels of the name, the type, whether it offers much."""


def kind_of(question: Question) -> Kind:
    """The kind of a question: where one is not answered, others of its kind are not either."""
    labels = question.name.lower().rstrip(".").split(".")
    return ".".join(labels[-2:]), question.rdtype, (question.payload or 0) > LARGE


LARGE = 1232  # octets of an answer over UDP that fit everywhere (DNS flag day 2020)


@dataclass
class Budgets:
    """What questions that were never answered have cost, in seconds, by path and kind.

    It keeps the run short where a plugin or an upstream keeps silent about many names: the first
    questions of a kind are asked as long as all are, the later ones once. Where nothing below a
    domain is answered, of whatever type, all its kinds share one budget.
    """

    each_s: float = KIND_BUDGET_S
    spent: dict[tuple[Path, Kind], float] = field(default_factory=lambda: defaultdict(float))
    silent: dict[tuple[Path, str], float] = field(default_factory=lambda: defaultdict(float))

    def is_spent(self, path: Path, question: Question) -> bool:
        """Whether a question is asked once only, since those like it were never answered."""
        kind = kind_of(question)
        own = self.spent.get((path, kind), 0.0)
        if own >= self.each_s or self.silent.get((path, kind[0]), 0.0) >= self.each_s:
            return True
        return own > 0 and self._of_path(path) >= PATH_KINDS * self.each_s

    def _of_path(self, path: Path) -> float:
        return sum(cost for (where, _), cost in list(self.spent.items()) if where == path)

    def note(self, path: Path, costs: Mapping[Kind, float]) -> None:
        """Note what the questions of a round have cost in vain; 0 for a kind that was answered."""
        for kind, cost in costs.items():
            if cost:
                self.spent[path, kind] += cost
            elif (path, kind) in self.spent:
                self.spent[path, kind] /= 2
        for domain in {kind[0] for kind in costs}:
            of_domain = [cost for kind, cost in costs.items() if kind[0] == domain]
            if all(of_domain):
                self.silent[path, domain] += max(of_domain)
            else:
                self.silent.pop((path, domain), None)
