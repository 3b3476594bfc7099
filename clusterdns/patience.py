"""How long a request to the API server is tried again, and when not at all."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from kubernetes.client import ApiException

from clusterdns.api_errors import NoAnswerError, is_passing, retry_after

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0  # seconds; doubled each time, less a random part
ALL = ""  # every kind of request: nobody answers at all
REMEMBERED_S = 60.0  # who was given up is asked once, not again and again, for so long
# An API server that has just started refuses everybody until it has read who may do what.
STARTS_S = 20.0


class Patience:
    """Tries requests again for so many seconds; shared by all threads that use a connection.

    What was given up for one request is not hoped for anew by the next one of the same kind:
    fifty objects refused by a dead webhook cost one deadline, not fifty.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._over = threading.Event()
        self._given_up: dict[str, float] = {}  # kind of request: when (time.monotonic)
        self._absent: float | None = None  # when nobody answered last (time.monotonic)
        self._lock = threading.Lock()

    @property
    def was_absent(self) -> bool:
        """Whether the API server has not answered at all at some time."""
        return self._absent is not None

    def end(self) -> None:
        """The run is over: nobody waits any more, and nothing is tried again."""
        self._over.set()

    def insist(
        self,
        kind: str,
        call: Callable[[bool], T],
        passing: Callable[[ApiException], bool] = is_passing,
    ) -> T:
        """The result of a call, which is told whether it is not the first.

        What was given up for one call of a ``kind`` is not insisted on for the next. ``passing``
        tells which errors are worth another try.
        Raises what the last try raised.
        """
        deadline = time.monotonic() + self._left_for(kind)
        pause, again = FIRST_PAUSE, False
        while True:
            try:
                result = call(again)
            except ApiException as error:
                wait = max(retry_after(error), pause * random.uniform(0.5, 1.0))
                if not (self._has_just_started(error) or passing(error)):
                    raise
                if time.monotonic() + wait > deadline or self._over.wait(wait):
                    self._give_up(ALL if isinstance(error, NoAnswerError) else kind)
                    raise
            else:
                self._recover(kind)
                return result
            pause, again = min(2 * pause, LONGEST_PAUSE), True

    def _has_just_started(self, error: ApiException) -> bool:
        """Whether a refusal comes from an API server that did not answer a moment ago."""
        now = time.monotonic()
        if isinstance(error, NoAnswerError):
            self._absent = now
        absent = self._absent
        return error.status == 403 and absent is not None and now < absent + STARTS_S

    def _left_for(self, kind: str) -> float:
        with self._lock:
            given_up = max(self._given_up.get(key, 0.0) for key in (kind, ALL))
        lately = bool(given_up) and time.monotonic() < given_up + REMEMBERED_S
        return 0.0 if lately or self._over.is_set() else self.seconds

    def _give_up(self, kind: str) -> None:
        with self._lock:
            self._given_up[kind] = time.monotonic()

    def _recover(self, kind: str) -> None:
        if self._given_up:
            with self._lock:
                self._given_up.pop(kind, None)
                self._given_up.pop(ALL, None)
