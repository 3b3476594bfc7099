"""Where everything of ours lives on a host: one folder, safe to delete at any time."""

import fcntl
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.bootstrap.steps import HostError, say

OWN_FOLDER = "cluster-dns-conformance"
PROJECT = Path(__file__).resolve().parent.parent.parent


def cache(*parts: str) -> Path:
    """A path below $XDG_CACHE_HOME/cluster-dns-conformance (default ~/.cache/...).

    Raises HostError where neither a variable nor the account names a home.
    """
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if os.path.isabs(base):  # noqa: PTH117 - Path has it, too; "" is no path
        return Path(base, OWN_FOLDER, *parts)
    try:
        home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise HostError(
            "There is no folder for what ./run makes: neither XDG_CACHE_HOME nor HOME is set, and "
            f"user id {os.getuid()} has no account here. Set XDG_CACHE_HOME to a folder that you "
            "may write to."
        ) from None
    return Path(home, ".cache", OWN_FOLDER, *parts)


def folder(*parts: str) -> Path:
    """A folder in the cache, made if need be, that nobody else may look into. Raises HostError."""
    top, path = cache(), cache(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if top.stat().st_uid == os.getuid():
            top.chmod(0o700)
    except OSError as error:
        raise HostError(
            f"{path} cannot be made: {error.strerror or error}. Make it writable, or name another "
            "cache folder with XDG_CACHE_HOME."
        ) from error
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
