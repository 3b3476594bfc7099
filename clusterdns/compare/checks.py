"""The checks of a run beside those of earlier runs."""

from collections.abc import Iterable, Mapping, Sequence

from clusterdns.report.comparison import Change, CheckChange
from clusterdns.report.model import Check

JUDGED = ("passed", "failed", "deviation", "waived")
FAILED = ("failed", "waived")  # a waived check has failed, and may
BADNESS = {"passed": 0, "deviation": 1, "waived": 2, "failed": 2}

Key = tuple[str, str]


def changes_of(
    before: Sequence[Iterable[Check]], now: Iterable[Check]
) -> tuple[dict[Key, Change], list[CheckChange]]:
    """How each check has changed, and those that have.

    ``before``: the checks of each earlier report, the newest last. Regressed: worse than in all of
    them; a failure, or a deviation. Fixed: better than in the newest that judged it, and it does
    not deviate. New: none has judged it, and it is judged now. Gone: the other way round. A check
    that fails and was not-run or not-applicable before, but known, is regressed.
    """
    known: dict[Key, list[str]] = {}
    for checks in before:
        for check in checks:
            known.setdefault(check.key, []).append(check.outcome)
    current = {check.key: check.outcome for check in now}
    found = {key: _change(known.get(key), outcome) for key, outcome in current.items()}
    for key, outcomes in known.items():
        if key not in current and any(outcome in JUDGED for outcome in outcomes):
            found[key] = "gone"
    told = [
        CheckChange(*key, change, _before(known.get(key, [])), current.get(key, ""))
        for key, change in found.items()
        if change != "unchanged"
    ]
    return found, told


def _change(before: list[str] | None, now: str) -> Change:
    judged = [outcome for outcome in before or [] if outcome in JUDGED]
    if now not in JUDGED:
        return "gone" if judged else "unchanged"
    if not judged:
        return "regressed" if before and now == "failed" else "new"
    if BADNESS[now] > max(BADNESS[outcome] for outcome in judged):
        return "regressed"
    return "fixed" if now == "passed" and BADNESS[judged[-1]] > 0 else "unchanged"


def _before(outcomes: Sequence[str]) -> str:
    """What was before, in one word, or how often what."""
    judged = [outcome for outcome in outcomes if outcome in JUDGED] or list(outcomes)
    if len(set(judged)) <= 1:
        return judged[0] if judged else ""
    return ", ".join(f"{judged.count(o)} x {o}" for o in dict.fromkeys(judged))


def excused(before: Sequence[Iterable[Check]], now: Iterable[Check]) -> list[str]:
    """The names of checks that fail now and are no regression: failed before, or new."""
    changes, _ = changes_of(before, now)
    failed: Mapping[Key, Check] = {check.key: check for check in now if check.outcome == "failed"}
    return [check.name for key, check in failed.items() if changes[key] != "regressed"]
