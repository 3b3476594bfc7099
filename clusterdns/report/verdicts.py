"""The exit code and the result of a run."""

from collections.abc import Collection, Sequence

from clusterdns.report.exit_codes import ExitCode
from clusterdns.report.model import Check, CleanupResult, Result

PLACED = (ExitCode.OK, ExitCode.FAILED, ExitCode.NO_CHECKS, ExitCode.CANNOT_JUDGE)
"""The statuses of pytest that another reason may outrank; the others stand as they are."""


def exit_code(
    status: int,
    checks: Sequence[Check],
    cleanup: CleanupResult,
    *,
    suite_error: bool = False,
    require_complete: bool = False,
    unprobed: bool = False,
    excused: Collection[str] = (),
) -> int:
    """The exit code, given pytest's own status; precedence 11 > 3 > 2 > 1 > 10 > 12 > 5.

    ``excused``: names of failed checks that are no regressions (--compare): they give no code 1.
    ``unprobed``: whether a node has no probe, which makes a run incomplete whatever was selected.
    A clean-up that was not verified counts as one that failed.
    A status that neither pytest nor the contract gives a place stands where pytest's do.
    """
    outcomes = {check.outcome for check in checks}
    if cleanup.state in ("changed", "pending"):
        return ExitCode.LEFT_CHANGED
    if suite_error or status == ExitCode.INTERNAL_ERROR:
        return ExitCode.INTERNAL_ERROR
    if status not in PLACED:
        return status
    failed = {check.name for check in checks if check.outcome == "failed"}
    if failed - set(excused) or (status == ExitCode.FAILED and not failed):
        return ExitCode.FAILED
    status = ExitCode.OK if status == ExitCode.FAILED else status
    if status == ExitCode.CANNOT_JUDGE:
        return ExitCode.CANNOT_JUDGE
    if require_complete and (unprobed or "not-run" in outcomes):
        return ExitCode.INCOMPLETE
    return status


def result_of(code: int, checks: Sequence[Check], *, unprobed: bool = False) -> Result:
    """The result that goes with an exit code; partial also where a node has no probe.

    A cluster that was left changed is an error, unless checks failed: then it is a failure.
    """
    outcomes = {check.outcome for check in checks}
    if code == ExitCode.FAILED or (code == ExitCode.LEFT_CHANGED and "failed" in outcomes):
        return "failure"
    if code not in (ExitCode.OK, ExitCode.INCOMPLETE):
        return "error"
    return "partial" if unprobed or "not-run" in outcomes else "success"
