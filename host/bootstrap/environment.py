"""A tox environment: made once, then run so that signals and exit codes arrive.

tox by itself kills its child at once on Ctrl-C and does not pass SIGTERM on. So it gets a session
of its own, where no signal of the terminal reaches it; what reaches ./run goes straight to pytest,
which cleans up and reports, and ends tox by ending.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from host.bootstrap import processes
from host.bootstrap.cache import PROJECT, folder, lock
from host.bootstrap.exit_codes import ExitCode
from host.bootstrap.output import pass_on
from host.bootstrap.recipe import digest
from host.bootstrap.steps import logged, say, step
from host.bootstrap.venv import LOCK

DEFINED_BY = ("tox.ini", "requirements.lock")
SETUP_SECONDS = 900.0
TEARDOWN_SECONDS = 120.0
LAST_WORDS_SECONDS = 5.0  # to read what was printed before the end, once a signal came
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Codes that say more than "interrupted" does, and must not be hidden by it (contract, precedence).
STRONGER = (ExitCode.INTERNAL_ERROR, ExitCode.LEFT_CHANGED)


def ensure_environment(name: str, python: Path, project: Path = PROJECT) -> None:
    """Make the environment, unless it exists for the same files and the same Python.

    Raises HostError when a package cannot be had.
    """
    stamp = project / ".tox" / f".{name}.complete"
    wanted = digest(LOCK, *(project / file for file in DEFINED_BY), sys.executable, sys.version)
    made = project / ".tox" / name

    def is_made() -> bool:
        return made.is_dir() and stamp.exists() and stamp.read_text() == wanted

    if is_made():
        return
    with lock(f"tox-{name}"), step(f"tox environment {name}") as current:
        if is_made():  # by the one that was waited for
            current.text = ""
            return
        logged(
            [python, "-m", "tox", "run", "--notest", "-e", name],
            folder("logs") / f"tox-{name}.log",
            timeout=SETUP_SECONDS,
            cwd=project,
        )
        stamp.write_text(wanted)


def run_environment(
    name: str,
    arguments: Sequence[str],
    python: Path,
    extra: dict[str, str],
    teardown: float = TEARDOWN_SECONDS,
    project: Path = PROJECT,
) -> int:
    """Run an environment that exists; its command's exit code, 2 when a signal ended it.

    The command runs in the current directory's project; `teardown` is in seconds.
    """
    quiet = ["-qq", "--skip-env-install", "--skip-pkg-install"]
    argv = [str(python), "-m", "tox", "run", *quiet, "-e", name, "--", *arguments]
    with tempfile.TemporaryDirectory(prefix="dns-conf-") as place:
        pid_file = Path(place, "pid")
        environment = {**os.environ, **extra, "CLUSTERDNS_PID_FILE": str(pid_file)}
        # Without a pid file the suite has not begun: nothing is to be cleaned up, and SIGTERM
        # ends it without a word. Other environments know of SIGINT only.
        early = signal.SIGTERM if name in ("conformance", "preflight") else signal.SIGINT
        run = _Run(pid_file, teardown, early)
        old = {number: signal.signal(number, run.on_signal) for number in SIGNALS}
        try:
            code = run.start(argv, environment, project)
            run.wait_for_the_rest()
        finally:
            run.end()
            for number, handler in old.items():
                signal.signal(number, handler)
    if run.stopped and code not in STRONGER:
        return ExitCode.INTERRUPTED
    return code


class _Run:
    """tox running: the first signal goes to pytest, and from then on a deadline runs.

    tox reads what pytest prints, and stops reading when it cannot pass it on; then pytest would
    wait for it for ever. So tox writes to a pipe of ours, and we drop what nobody reads. (To a
    terminal it writes itself: one that hangs up sends a signal.)
    """

    def __init__(self, pid_file: Path, teardown: float, early: signal.Signals) -> None:
        self.pid_file = pid_file
        self.teardown = teardown
        self.early = early
        self.stopped = False
        self.process: subprocess.Popen[bytes] | None = None
        self.alarm: threading.Timer | None = None

    def start(self, argv: Sequence[str], environment: dict[str, str], project: Path) -> int:
        """Start tox in a session of its own and wait for its end."""
        reader = [None if os.isatty(number) else subprocess.PIPE for number in (1, 2)]
        self.process = subprocess.Popen(
            argv,
            env=environment,
            cwd=project,
            start_new_session=True,
            stdout=reader[0],
            stderr=reader[1],
        )
        passing = [
            threading.Thread(target=pass_on, args=(stream.fileno(), number), daemon=True)
            for number, stream in ((1, self.process.stdout), (2, self.process.stderr))
            if stream is not None
        ]
        for each in passing:
            each.start()
        if self.stopped:  # the signal came while tox was being started
            self.forward()
        code = self.process.wait()
        for each in passing:
            each.join(LAST_WORDS_SECONDS if self.stopped else None)
        return code

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Begin the end; later signals change nothing."""
        if self.stopped:
            say("already stopping: cleaning up comes first")
            return
        self.stopped = True
        name = signal.Signals(number).name
        say(f"{name}: stopping; cleaning up may take up to {self.teardown:.0f} s")
        if self.process:
            self.forward()

    def forward(self) -> None:
        """Interrupt pytest; whatever of tox's session is left at the deadline is killed."""
        assert self.process
        tox = self.process.pid
        if (pytest := self._pytest(tox)) is not None:
            processes.send(pytest, signal.SIGINT)
        elif started := children(tox):
            for pid in started:
                processes.send(pid, self.early)
        else:  # tox itself would complain about SIGINT
            processes.send(tox, signal.SIGTERM)
        self.alarm = threading.Timer(self.teardown, _kill_session, [tox])
        self.alarm.daemon = True
        self.alarm.start()

    def _pytest(self, tox: int) -> int | None:
        """The process that has written the pid file, if it is of this session."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self.pid_file.read_text())
            if os.getsid(pid) == tox:
                return pid
        return None

    def wait_for_the_rest(self) -> None:
        """After a signal: what tox left running is interrupted, too, and has the same time."""
        if not self.stopped or self.process is None:
            return
        interrupted: set[int] = set()
        while rest := session(self.process.pid):
            for pid in set(rest) - interrupted:
                processes.send(pid, self.early)
            interrupted.update(rest)
            time.sleep(0.05)

    def end(self) -> None:
        """Take the deadline back."""
        if self.alarm:
            self.alarm.cancel()


def children(parent: int) -> list[int]:
    """The processes that `parent` started and that still run."""
    return [pid for pid, its_parent, _ in _processes() if its_parent == parent]


def session(leader: int) -> list[int]:
    """The processes of the session of `leader` that still run."""
    return [pid for pid, _, its_session in _processes() if its_session == leader]


def _processes() -> Iterator[tuple[int, int, int]]:
    """Process, parent and session of everything that runs (proc(5), stat)."""
    for each in processes.running():
        with contextlib.suppress(OSError):
            state, parent, leader = each.stat
            if state != "Z":
                yield each.pid, parent, leader


def _kill_session(leader: int) -> None:
    """Kill every process of a session: the deadline has passed."""
    say("the deadline for cleaning up has passed: killed. `--cleanup-only` removes what is left")
    for pid in session(leader):
        processes.send(pid, signal.SIGKILL)
