"""Each thing done to a host is one line with its time; each program started can be stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from host.bootstrap.output import SafeOutput

TAIL_LINES = 25
GRACE_SECONDS = 5.0


class HostError(Exception):
    """The host cannot be prepared. The message is one paragraph: what is wrong, what to do."""


class StoppedError(Exception):
    """SIGINT or SIGTERM came while the host was being prepared."""


def say(text: str, seconds: float | None = None) -> None:
    """Write one line for the user, to stderr because stdout belongs to pytest.

    Raises nothing when nobody reads it any more.
    """
    clock = "         " if seconds is None else f"{seconds:7.1f} s"
    print(f"{clock}  {text}", file=SafeOutput(sys.stderr), flush=True)


@dataclass
class Step:
    """Something being done; `text` may be made more exact before it ends, or emptied."""

    text: str
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began


@contextmanager
def step(text: str) -> Iterator[Step]:
    """Time the block and say one line at its end; a failure says so, and goes on up."""
    current = Step(text)
    try:
        yield current
    except BaseException:
        say(f"{current.text}: not done", current.seconds)
        raise
    if current.text:
        say(current.text, current.seconds)


_running: set[subprocess.Popen[bytes]] = set()
_running_lock = threading.Lock()
_stopping = threading.Event()


def quick(
    *words: str | Path, timeout: float = 20.0, data: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a short command and return what it said; exit code 127 if there is no such program.

    A command that does not end within `timeout` seconds is killed and has the exit code 124.
    """
    argv = [str(word) for word in words]
    try:
        done = subprocess.run(
            argv, input=data or b"", capture_output=True, timeout=timeout, check=False
        )
    except (FileNotFoundError, PermissionError) as error:
        return subprocess.CompletedProcess(argv, 127, "", str(error))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"no answer within {timeout:.0f} s")
    text = (done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    return subprocess.CompletedProcess(argv, done.returncode, *text)


def logged(
    argv: Sequence[str | Path],
    log: Path,
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    source: Path | None = None,
) -> None:
    """Run a long command with its output in a file, in a process group of its own.

    `source` is its standard input; `env` is added to the environment.

    Raises:
        HostError: it failed or took more than `timeout` seconds; holds the log's last lines.
        StoppedError: `stop_all` was called meanwhile.

    """
    words = [str(word) for word in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=_private) as output, contextlib.ExitStack() as stack:
        output.write(f"$ {' '.join(words)}\n".encode())
        output.flush()
        stdin = stack.enter_context(source.open("rb")) if source else subprocess.DEVNULL
        with _running_lock:
            if _stopping.is_set():
                raise StoppedError
            try:
                process = subprocess.Popen(
                    words,
                    stdin=stdin,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    cwd=cwd,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise HostError(f"There is no program {words[0]!r} on this host.") from error
            _running.add(process)
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                _stop(process)
            with _running_lock:
                _running.discard(process)
    if _stopping.is_set():
        raise StoppedError
    if code != 0:
        what = f"did not end within {timeout:.0f} s" if code is None else f"ended with {code}"
        raise HostError(f"`{' '.join(words[:6])} ...` {what}. The end of {log}:\n{tail(log)}")


def _private(path: str, flags: int) -> int:
    """Open a file so that, if it is new, nobody else may read it."""
    return os.open(path, flags, 0o600)


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def stop_all() -> None:
    """End every command that `logged` runs, with its children; later ones do not start."""
    with _running_lock:
        _stopping.set()
        processes = list(_running)
    for process in processes:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process group to end, and after a while make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)  # once the leader is gone, its children get no grace
