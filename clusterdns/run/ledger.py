"""What a run must undo, written down as it is done and worked off at the end.

Fixtures only register here. Working off has one deadline for everything, goes on after a failure,
never raises, and says by name what is left and why.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.api_errors import in_words
from clusterdns.background import begin, has_ended
from clusterdns.report.model import CleanupResult
from clusterdns.wait import GENTLY, eventually

TRIES = 3  # of each undo; it does nothing where nothing is left to undo

Undo = Callable[[], object]
Gone = Callable[[], str | None]


@dataclass(eq=False)
class Entry:
    """One thing that the run must undo at its end, and how."""

    what: str
    undo: Undo
    restore: bool = False
    gone: Gone | None = None
    goes_with: str | None = None
    undone: bool = False  # undo returned; only ``gone`` is still waited for


class Ledger:
    """The list of what to undo; safe to register in from several threads."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._restored: list[str] = []
        self._lock = threading.Lock()

    def register(
        self,
        what: str,
        undo: Undo,
        restore: bool = False,
        gone: Gone | None = None,
        goes_with: str | None = None,
    ) -> None:
        """Write down how to undo something, before it is done.

        ``what`` names it for people. ``undo`` starts the undoing; it must do nothing when there
        is nothing to undo. ``restore`` says that it restores something that is not ours: that
        comes first and is done even when the rest is kept. ``gone`` is asked afterwards, until
        the deadline: None when nothing is left, else what is stuck and why. ``goes_with`` is the
        ``what`` of another entry whose undoing takes this one along, such as a kind cluster with
        its namespaces; then this one is left alone unless that fails.
        """
        with self._lock:
            self._entries.append(Entry(what, undo, restore, gone, goes_with))

    def forget(self, what: str) -> None:
        """Strike out the entries of that name: they have been undone elsewhere."""
        with self._lock:
            self._entries = [entry for entry in self._entries if entry.what != what]

    @property
    def open(self) -> list[str]:
        """What would be undone now, newest first."""
        with self._lock:
            return [entry.what for entry in reversed(self._entries)]

    def undo_all(self, deadline_s: float, keep: bool = False) -> CleanupResult:
        """Undo everything within so many seconds: restores first, each group newest first.

        With ``keep`` only the restores are done and the rest is named. Never raises. What could
        not be undone stays in the ledger, so that a second call tries it again.
        """
        until = time.monotonic() + deadline_s
        with self._lock:
            newest_first = list(reversed(self._entries))
        restores = [entry for entry in newest_first if entry.restore]
        others = [] if keep else [entry for entry in newest_first if not entry.restore]
        failures = {**self._undo_all(restores, until), **self._undo_all(others, until)}
        with self._lock:
            failed = {id(entry) for entry in failures}
            pending = {id(e) for e in newest_first if keep and not e.restore}
            self._restored += [e.what for e in restores if id(e) not in failed]
            worked_off = {id(e) for e in newest_first} - failed - pending
            self._entries = [e for e in self._entries if id(e) not in worked_off]
            kept = [e.what for e in reversed(self._entries) if not e.restore] if keep else []
            restored = list(self._restored)
        leftovers = [f"{entry.what}: {why}" for entry, why in failures.items()]
        if leftovers:
            return CleanupResult("changed", restored, leftovers + kept)
        return CleanupResult("kept" if kept else "clean", restored, kept)

    def _undo_all(self, entries: Sequence[Entry], until: float) -> dict[Entry, str]:
        """Undo in this order, then wait for all of them at once; the failures with their reason."""
        names = {entry.what for entry in entries}
        carried = [e for e in entries if e.goes_with in names]
        failures: dict[Entry, str] = {}
        own = [e for e in entries if e not in carried]
        self._undo_each(own, until, failures)
        stranded = {entry.what for entry in failures}
        self._undo_each([e for e in carried if e.goes_with in stranded], until, failures)
        return failures

    def _undo_each(
        self, entries: Sequence[Entry], until: float, failures: dict[Entry, str]
    ) -> None:
        for entry in entries:
            if not entry.undone and (why := _insist(entry.undo, until)) is not None:
                failures[entry] = why
            else:
                entry.undone = True
        waiting = {e: e.gone for e in entries if e.gone is not None and e not in failures}
        failures.update(_wait_until_gone(waiting, until))


def _insist(undo: Undo, until: float) -> str | None:
    """Call undo, up to TRIES times while there is time: an API server may just be slow."""
    why = _within(undo, until)
    for _ in range(TRIES - 1):
        if why is None or time.monotonic() >= until:
            break
        why = _within(undo, until)
    return why


def _within(undo: Undo, until: float) -> str | None:
    """Call undo in a thread of its own; None, or why it failed."""
    # An undo gets a second even when time is up: most need one short request.
    seconds = max(until - time.monotonic(), 1.0)
    undoing = begin("undo", undo)
    if not has_ended(undoing, seconds):
        return f"still not undone after {seconds:.0f} s"
    error = undoing.exception()
    return None if error is None else one_line(error)


def _wait_until_gone(waiting: dict[Entry, Gone], until: float) -> dict[Entry, str]:
    """Ask all of them until nothing is left or time is up; what is stuck, and why."""
    stuck = dict.fromkeys(waiting, "nobody looked whether it is gone")

    def look() -> dict[Entry, str]:
        for entry in list(stuck):
            why = _ask(waiting[entry], until)
            if why is None:
                del stuck[entry]
            else:
                stuck[entry] = why
        return stuck

    within = until - time.monotonic()
    return eventually(look, {}, within, every=GENTLY) if waiting else {}


def _ask(gone: Gone, until: float) -> str | None:
    answers: list[str | None] = []
    failure = _within(lambda: answers.append(gone()), until)
    return failure or answers[0]


def one_line(error: BaseException) -> str:
    """An exception in one line, as a person wants to read it."""
    if isinstance(error, ApiException):
        return in_words(error)
    return " ".join(str(error).split())[:400] or type(error).__name__
