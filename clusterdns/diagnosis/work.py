"""Jobs that run side by side until one deadline."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from clusterdns.background import has_ended
from clusterdns.run.ledger import one_line

T = TypeVar("T")


@dataclass
class Work:
    """Jobs that run side by side until one deadline; each failure is noted, none is raised."""

    until: float
    missing: dict[str, str]

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=24, thread_name_prefix="facts")
        self._jobs: dict[str, Future[Any]] = {}

    def start(self, name: str, job: Callable[..., object], *args: object) -> None:
        """Begin a job under a name."""
        self._jobs[name] = self._pool.submit(job, *args)

    def get(self, name: str, default: T) -> T:
        """What a job brought, or the default."""
        if name not in self._jobs:
            return default
        job = self._jobs[name]
        if not has_ended(job, self.until - time.monotonic()):
            self.missing[name] = "not there in time"
            return default
        if (error := job.exception()) is not None:
            self.missing[name] = one_line(error)
            return default
        found: T = job.result()
        return found

    def named(self, prefix: str) -> list[str]:
        """The names of all jobs that begin so."""
        return [name for name in self._jobs if name.startswith(prefix)]

    def end(self) -> None:
        """Leave behind what still runs: every request of it has a deadline of its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)
