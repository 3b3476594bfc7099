"""What ends a run of the mutants or of healthy clusters is told, and has an exit code."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from clusterdns.report.exit_codes import ExitCode
from host.bootstrap.steps import HostError
from trials.ending import exit_code_of
from trials.faults.scene import RevertError


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The handlers of this process, as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def fails(error: Exception) -> Callable[[], int]:
    """Work that ends with an error."""

    def work() -> int:
        raise error

    return work


def is_sent(number: int) -> Callable[[], int]:
    """Work that gets a signal."""

    def work() -> int:
        os.kill(os.getpid(), number)
        return 0

    return work


@pytest.mark.parametrize(
    ("work", "code", "words"),
    [
        (lambda: 0, 0, ""),
        (lambda: 1, 1, ""),
        (fails(HostError("no kind")), ExitCode.CANNOT_JUDGE, "no kind"),
        (fails(RevertError("it stays")), ExitCode.LEFT_CHANGED, "could not be taken out again"),
        (is_sent(signal.SIGTERM), ExitCode.INTERRUPTED, "interrupted; cleaned up"),
        (is_sent(signal.SIGINT), ExitCode.INTERRUPTED, "interrupted; cleaned up"),
    ],
    ids=["well", "found", "host", "revert", "sigterm", "sigint"],
)
def test_each_end_has_its_code(
    capfd: pytest.CaptureFixture[str], work: Callable[[], int], code: int, words: str
) -> None:
    """And nothing but the reason goes to standard error."""
    assert exit_code_of(work) == code
    said = capfd.readouterr().err
    assert words in said
    assert bool(said) == bool(words)
