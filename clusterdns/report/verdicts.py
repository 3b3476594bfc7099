"""The exit code and the result of a run."""

from collections.abc import Sequence

from clusterdns.report.model import Check, CleanupResult, Result

FAILED, INTERRUPTED, INTERNAL_ERROR, USAGE, NO_CHECKS = 1, 2, 3, 4, 5
CANNOT_JUDGE, LEFT_CHANGED, INCOMPLETE = 10, 11, 12


def exit_code(
    status: int,
    checks: Sequence[Check],
    cleanup: CleanupResult,
    *,
    suite_error: bool = False,
    require_complete: bool = False,
    unprobed: bool = False,
) -> int:
    """The exit code, given pytest's own status; precedence 11 > 3 > 2 > 1 > 10 > 12 > 5.

    ``unprobed``: whether a node has no probe, which makes a run incomplete whatever was selected.
    A clean-up that was not verified counts as one that failed.
    A status that neither pytest nor the contract gives a place stands where pytest's do.
    """
    outcomes = {check.outcome for check in checks}
    if cleanup.state in ("changed", "pending"):
        return LEFT_CHANGED
    if suite_error or status == INTERNAL_ERROR:
        return INTERNAL_ERROR
    if status not in (0, FAILED, NO_CHECKS, CANNOT_JUDGE):
        return status
    if "failed" in outcomes or status == FAILED:
        return FAILED
    if status == CANNOT_JUDGE:
        return CANNOT_JUDGE
    if require_complete and (unprobed or "not-run" in outcomes):
        return INCOMPLETE
    return status


def result_of(code: int, checks: Sequence[Check], *, unprobed: bool = False) -> Result:
    """The result that goes with an exit code; partial also where a node has no probe.

    A cluster that was left changed is an error, unless checks failed: then it is a failure.
    """
    outcomes = {check.outcome for check in checks}
    if code == FAILED or (code == LEFT_CHANGED and "failed" in outcomes):
        return "failure"
    if code not in (0, INCOMPLETE):
        return "error"
    return "partial" if unprobed or "not-run" in outcomes else "success"
