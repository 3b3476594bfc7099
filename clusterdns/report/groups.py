"""Checks that came out the same way, put together: by the cause that explains them, and by rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clusterdns.report.model import UNKNOWN, Check, Diagnosis, Outcome, Report


@dataclass(frozen=True)
class Alike:
    """Checks of one rule; there is at least one. The first stands for all of them."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The one whose evidence is shown."""
        return self.checks[0]

    @property
    def title(self) -> str:
        """The test that they are cases of, and its rule; with the parameter of a single one."""
        name = self.first.id if len(self.checks) > 1 else self.first.name
        test = name.partition("::")[2] or name
        return f"{test}: {self.first.rule}" if self.first.rule else test


@dataclass(frozen=True)
class Explained:
    """Checks that one cause explains; without a cause, those that none does."""

    cause: Diagnosis | None
    checks: tuple[Check, ...]

    @property
    def alike(self) -> tuple[Alike, ...]:
        """The same checks by rule."""
        return by_rule(self.checks)


def by_rule(checks: Iterable[Check]) -> tuple[Alike, ...]:
    """The checks of each rule together, the rule with most of them first.

    A check without a rule is alike to the other cases of its test.
    """
    rules: dict[str, list[Check]] = {}
    for check in checks:
        rules.setdefault(check.rule or check.id, []).append(check)
    groups = [Alike(tuple(same)) for same in rules.values()]
    return tuple(sorted(groups, key=lambda group: -len(group.checks)))


def by_cause(report: Report, outcome: Outcome) -> tuple[Explained, ...]:
    """The checks with this outcome under their causes, in the order of the diagnoses.

    Each check stands once, under the best of the causes that explain it; what is left comes last.
    """
    left = report.with_outcome(outcome)
    groups = []
    for cause in report.diagnoses:
        if cause.cause == UNKNOWN:
            continue
        names = frozenset(cause.checks)
        if explained := tuple(check for check in left if check.name in names):
            groups.append(Explained(cause, explained))
            left = tuple(check for check in left if check.name not in names)
    return (*groups, *([Explained(None, left)] if left else []))


def evidence_shown_at(report: Report) -> Mapping[str, Check]:
    """By the name of each failed or deviating check: the one that shows the evidence for its group.

    A group has one cause, one rule and one outcome.
    """
    return {
        check.name: alike.first
        for outcome in ("failed", "deviation")
        for group in by_cause(report, outcome)
        for alike in group.alike
        for check in alike.checks
    }
