"""Where everything of ours lives on a host: one folder, safe to delete at any time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine.steps import say

PROJECT = Path(__file__).resolve().parent.parent


def cache(*parts: str) -> Path:
    """A path below $XDG_CACHE_HOME/cluster-dns-conformance (default ~/.cache/...)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "cluster-dns-conformance", *parts)


def folder(*parts: str) -> Path:
    """The same, and it exists."""
    path = cache(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def lock(what: str) -> Iterator[None]:
    """Only one process at a time makes this; a second one says that it waits.

    Look again whether it is still to be made once the lock is held.
    """
    with (folder("locks") / what).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            began = time.monotonic()
            say(f"another ./run is at work on {what}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
            say("it is done", time.monotonic() - began)
        yield
