"""The processes of this machine, as Linux lists them (proc(5)); elsewhere there seem to be none."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process while it runs."""

    pid: int
    folder: Path

    @property
    def words(self) -> list[str]:
        """Its command line; empty when it has ended."""
        try:
            text = (self.folder / "cmdline").read_bytes()
        except OSError:
            return []
        return os.fsdecode(text).split("\0")

    @property
    def stat(self) -> tuple[str, int, int]:
        """State (a letter), parent and session. Raises OSError when it has ended."""
        text = (self.folder / "stat").read_text()
        state, parent, _, session = text.rpartition(")")[2].split()[:4]
        return state, int(parent), int(session)


def running() -> Iterator[Process]:
    """All of them."""
    for folder in Path("/proc").glob("[0-9]*"):
        yield Process(int(folder.name), folder)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
