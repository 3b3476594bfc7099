"""Updates: a replica that never shows a change is found, a slow one is measured."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clusterdns.experiments.updates.delays import SILENT_S, Awaited, Seen, Watch
from clusterdns.experiments.updates.experiment import Update
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.objects.updates import CHANGES, Changes
from clusterdns.run.identity import RunId
from clusterdns.testbed.testbed import Workspace
from selftests.nameserver import FakeNameserver
from selftests.probe.local_relay import LocalProbe

NAME = "web.a.svc.cluster.local."
WANTED: Wanted = {Question(NAME): expect.addresses(NAME, ["10.96.0.8"])}
NOWHERE: Wanted = {Question(f"x.{NAME}"): expect.addresses(f"x.{NAME}", ["10.96.0.9"])}
OLD, NEW = {f"{NAME} A": ["10.96.0.7"]}, {f"{NAME} A": ["10.96.0.8"]}


@pytest.fixture
def replicas() -> Iterator[list[FakeNameserver]]:
    """Two servers that show the old state."""
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNameserver(OLD)) for _ in range(2)]


@dataclass
class Clock:
    """The time by which changes are judged: a second passes with each look, and none otherwise."""

    seconds: float = 0.0
    at: Callable[[float], object] = lambda _: None  # told each new time

    def monotonic(self) -> float:
        """The time now."""
        return self.seconds

    def tick(self) -> None:
        """A second passes."""
        self.seconds += 1.0
        self.at(self.seconds)


class Looks(Matrix):
    """A matrix on whose clock every look takes a second."""

    clock: Clock

    def ask(
        self,
        questions: Sequence[Question],
        transport: Transport,
        servers: Iterable[Server] | None = None,
        insist: bool = True,
    ) -> list[Answer]:
        """Ask as the matrix does."""
        answers = super().ask(questions, transport, servers, insist)
        self.clock.tick()
        return answers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stands still between two looks."""
    clock = Clock()
    monkeypatch.setattr("clusterdns.experiments.updates.delays.time", clock)
    return clock


@pytest.fixture
def watch(replicas: list[FakeNameserver], clock: Clock) -> Iterator[Watch]:
    """Somebody who asks them."""
    servers = [Server(f"pod/{n}", r.address, r.port) for n, r in enumerate(replicas)]
    with watching(servers, clock) as watch:
        yield watch


@contextmanager
def watching(servers: Sequence[Server], clock: Clock) -> Iterator[Watch]:
    """Somebody who asks these servers."""
    with LocalProbe() as local:
        everyone = Looks({"node": local.probe}, servers, 1.0, repr, list(WANTED))
        everyone.clock = clock
        yield Watch(everyone, servers)
        everyone.close()


def awaited(allowed: float, began: float = 0.0) -> Awaited:
    """The new state."""
    return Awaited(WANTED, began, allowed)


def test_the_slowest_replica_counts(
    replicas: list[FakeNameserver], watch: Watch, clock: Clock
) -> None:
    """One shows it at once, the other later: both times are told."""
    replicas[0].serve(NEW)
    clock.at = lambda now: replicas[1].serve(NEW) if now == 3.0 else None
    seen = watch.until({"change": awaited(30.0)})["change"]
    assert sorted(seen.seconds.values()) == [1.0, 4.0], str(seen)
    assert seen.slowest == 4.0


def test_a_replica_that_never_shows_it_is_found(
    replicas: list[FakeNameserver], watch: Watch
) -> None:
    """The last answers are the evidence; the wait ends when its time is over."""
    replicas[0].serve(NEW)
    seen = watch.until({"change": awaited(6.0)})["change"]
    assert seen.slowest is None, str(seen)
    wrong = [a for a in seen.answers if not WANTED[a.question].accepts(a)]
    assert [a.server.name for a in wrong] == ["pod/1"]

    message = repr(Update("service created", Seen(seen.awaited), seen))
    assert "must be visible everywhere within 6 s" in message
    assert "pod/1 (127.0.0.1): not within its time" in message
    assert "received  NOERROR [web.a.svc.cluster.local. A 10.96.0.7]" in message


@pytest.mark.parametrize(("dead", "looks"), [(True, SILENT_S + 1), (False, 10.0)])
def test_nobody_waits_for_the_caches_of_dead_servers(
    dead: bool, looks: float, clock: Clock
) -> None:
    """Who says nothing at all is given up soon; an old answer may still be in a cache."""
    with FakeNameserver(OLD) as alive:
        server = Server("pod/0", alive.address, 1 if dead else alive.port)
        with watching([server], clock) as watch:
            seen = watch.until({"change": awaited(9.0)})["change"]
    assert (seen.slowest, clock.seconds) == (None, looks)


def test_one_change_does_not_wait_for_another(replicas: list[FakeNameserver], watch: Watch) -> None:
    """All are watched at once: what is visible is noted while the rest is still awaited."""
    for replica in replicas:
        replica.serve(NEW)
    seen = watch.until({"never": Awaited(NOWHERE, 0.0, 3.0), "seen": awaited(3.0)})
    assert (seen["never"].slowest, seen["seen"].slowest) == (None, 1.0)


def test_each_is_watched_from_its_own_beginning(
    replicas: list[FakeNameserver], watch: Watch, clock: Clock
) -> None:
    """What begins late is not late; what never begins is missing."""
    for replica in replicas:
        replica.serve(NEW)
    early, late, never, absent = (Future[Awaited]() for _ in range(4))
    early.set_result(awaited(5.0))
    absent.set_result(Awaited(NOWHERE, 0.0, 12.0))  # awaited all the while: else nobody looks
    clock.at = lambda now: late.set_result(awaited(5.0, began=now)) if now == 8.0 else None
    begun = {"early": early, "absent": absent, "late": late, "never": never}
    seen = watch.follow(begun, 2.0)
    found = {name: one.slowest for name, one in seen.items()}
    assert found == {"early": 1.0, "absent": None, "late": 1.0}


@pytest.fixture
def changes() -> Changes:
    """The plan of a run."""
    workspace: Any = SimpleNamespace(run=RunId("dns-conf-00000000"), namespace="a")
    return Changes(cast(Workspace, workspace), "cluster.local")


def test_every_change_has_a_name_of_the_table(changes: Changes) -> None:
    """Tests are parametrised by the table."""
    assert tuple(change.name for change in changes.all()) == CHANGES


def test_every_change_changes_an_answer(changes: Changes) -> None:
    """What is demanded afterwards is not what was true before: else nothing would be seen."""
    made: Any = {"spec": {"clusterIPs": ["10.96.0.7"]}}
    for change in changes.all():
        if change.before is not None:
            after = change.after(change.service, made)
            asked = change.before.keys() | after.keys()
            differing = [q for q in asked if change.before.get(q) != after.get(q)]
            assert differing != [], change.name
