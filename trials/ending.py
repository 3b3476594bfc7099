"""How a program ends that makes and breaks clusters of its own: its exit codes, and signals."""

import argparse
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from clusterdns.report.exit_codes import ExitCode
from host.bootstrap.steps import HostError
from trials.faults.scene import RevertError


class Parser(argparse.ArgumentParser):
    """A command line whose mistakes end with exit code 4, as pytest's do; 2 is an interruption."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and how it is meant."""
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE_ERROR, f"{self.prog}: error: {message}\n")


def exit_code_of(work: Callable[[], int]) -> int:
    """What the work says, or the code for what ended it, which is reported.

    SIGTERM ends it as Ctrl-C does, with clean-up; and Ctrl-C does in the background too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return work()
    except HostError as error:
        print(f"\n{error}", file=sys.stderr)
        return ExitCode.CANNOT_JUDGE
    except RevertError as error:
        print(f"\nA fault could not be taken out again; the run stops.\n{error}", file=sys.stderr)
        return ExitCode.LEFT_CHANGED
    except KeyboardInterrupt:
        print("\ninterrupted; cleaned up", file=sys.stderr)
        return ExitCode.INTERRUPTED


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
