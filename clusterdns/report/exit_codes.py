"""The exit codes of a run, each with what it means to whoever reads it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a run ended, as the contract has it; 0 to 5 are pytest's own.

    ``host.bootstrap.exit_codes`` has a copy: the bootstrap imports nothing but the standard
    library. A self-test compares the two.
    """

    OK = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE_ERROR = 4
    NO_CHECKS = 5
    CANNOT_JUDGE = 10
    LEFT_CHANGED = 11
    INCOMPLETE = 12


MEANINGS = {
    ExitCode.OK: "every selected check passed",
    ExitCode.FAILED: "at least one check failed",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.INTERNAL_ERROR: "internal error of the suite",
    ExitCode.USAGE_ERROR: "usage error",
    ExitCode.NO_CHECKS: "no check was selected",
    ExitCode.CANNOT_JUDGE: "nothing could be judged",
    ExitCode.LEFT_CHANGED: "the cluster was left changed",
    ExitCode.INCOMPLETE: (
        "incomplete: a selected check was not run, and --require-complete was given"
    ),
}


def meaning_of(code: int, unknown: str) -> str:
    """What an exit code means; ``unknown`` for one that is not ours."""
    return next((text for known, text in MEANINGS.items() if known == code), unknown)
