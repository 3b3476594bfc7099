"""The exit codes of ``./run``: those of clusterdns.report.exit_codes, without importing it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a run ended; a self-test compares this copy with the one in clusterdns."""

    OK = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE_ERROR = 4
    NO_CHECKS = 5
    CANNOT_JUDGE = 10
    LEFT_CHANGED = 11
    INCOMPLETE = 12
