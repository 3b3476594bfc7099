"""Updates: a replica that never shows a change is found, a slow one is measured."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clusterdns.experiments.updates import delays
from clusterdns.experiments.updates.delays import Awaited, Seen, Watch
from clusterdns.experiments.updates.experiment import Update
from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question, Server
from clusterdns.objects.updates import CHANGES, Changes
from clusterdns.run.identity import RunId
from clusterdns.testbed.testbed import Workspace
from selftests.nameserver import FakeNameserver
from selftests.probe.local_relay import LocalProbe

NAME = "web.a.svc.cluster.local."
WANTED: Wanted = {Question(NAME): expect.addresses(NAME, ["10.96.0.8"])}
OLD, NEW = {f"{NAME} A": ["10.96.0.7"]}, {f"{NAME} A": ["10.96.0.8"]}


@pytest.fixture
def replicas() -> Iterator[list[FakeNameserver]]:
    """Two servers that show the old state."""
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNameserver(OLD)) for _ in range(2)]


@pytest.fixture
def watch(replicas: list[FakeNameserver]) -> Iterator[Watch]:
    """Somebody who asks them."""
    servers = [Server(f"pod/{n}", r.address, r.port) for n, r in enumerate(replicas)]
    with LocalProbe() as local:
        everyone = Matrix({"node": local.probe}, servers, 1.0, repr, list(WANTED))
        yield Watch(everyone, servers)
        everyone.close()


def awaited(allowed: float) -> dict[str, Awaited]:
    """The new state, from now on."""
    return {"change": Awaited(WANTED, time.monotonic(), allowed)}


def test_the_slowest_replica_counts(replicas: list[FakeNameserver], watch: Watch) -> None:
    """One shows it at once, the other later: both times are told."""
    replicas[0].serve(NEW)
    later = threading.Timer(0.5, replicas[1].serve, [NEW])
    later.start()
    seen = watch.until(awaited(5.0))["change"]
    later.join()
    assert len(seen.seconds) == 2, str(seen)
    assert seen.slowest is not None, str(seen)
    assert 0.4 <= seen.slowest < 2.5, str(seen)
    assert min(seen.seconds.values()) < 0.4, str(seen)


def test_a_replica_that_never_shows_it_is_found(
    replicas: list[FakeNameserver], watch: Watch
) -> None:
    """The last answers are the evidence; the wait ends when its time is over."""
    replicas[0].serve(NEW)
    began = time.monotonic()
    seen = watch.until(awaited(0.6))["change"]
    assert time.monotonic() - began < 3.0
    assert seen.slowest is None, str(seen)
    wrong = [a for a in seen.answers if not WANTED[a.question].accepts(a)]
    assert [a.server.name for a in wrong] == ["pod/1"]

    message = repr(Update("service created", Seen(seen.awaited), seen))
    assert "must be visible everywhere within 0.6 s" in message
    assert "pod/1 (127.0.0.1): not within its time" in message
    assert "received  NOERROR [web.a.svc.cluster.local. A 10.96.0.7]" in message


@pytest.mark.parametrize("dead", [True, False])
def test_nobody_waits_for_the_caches_of_dead_servers(
    dead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says nothing at all is given up soon; an old answer may still be in a cache."""
    monkeypatch.setattr(delays, "SILENT_S", 0.1)
    with LocalProbe() as local, FakeNameserver(OLD) as alive:
        server = Server("pod/0", alive.address, 1 if dead else alive.port)
        everyone = Matrix({"node": local.probe}, [server], 0.2, repr, list(WANTED))
        seen = Watch(everyone, [server]).until(awaited(4.0))["change"]
        given_up = time.monotonic() - seen.awaited.began < 4.0
        everyone.close()
    assert (seen.slowest, given_up) == (None, dead)


def test_one_change_does_not_wait_for_another(replicas: list[FakeNameserver], watch: Watch) -> None:
    """All are watched at once: what is visible is noted while the rest is still awaited."""
    for replica in replicas:
        replica.serve(NEW)
    never: Wanted = {Question(f"x.{NAME}"): expect.addresses(f"x.{NAME}", ["10.96.0.9"])}
    now = time.monotonic()
    both = {"seen": Awaited(WANTED, now, 5.0), "never": Awaited(never, now, 0.5)}
    seen = watch.until(both)
    assert seen["never"].slowest is None
    assert seen["seen"].slowest is not None
    assert time.monotonic() - now < 3.0


def test_each_is_watched_from_its_own_beginning(
    replicas: list[FakeNameserver], watch: Watch
) -> None:
    """What begins late is not late; what never begins is missing."""
    for replica in replicas:
        replica.serve(NEW)
    early, late, never = Future[Awaited](), Future[Awaited](), Future[Awaited]()
    early.set_result(awaited(5.0)["change"])
    timer = threading.Timer(1.5, lambda: late.set_result(awaited(5.0)["change"]))
    timer.start()
    seen = watch.follow({"early": early, "late": late, "never": never}, 4.0)
    timer.join()
    assert seen.keys() == {"early", "late"}
    assert all(one.slowest is not None and one.slowest < 1.2 for one in seen.values()), str(seen)


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
