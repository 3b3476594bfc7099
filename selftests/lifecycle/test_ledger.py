"""The ledger works everything off, in order, in time, whatever fails."""

import threading
import time
from collections.abc import Callable
from functools import partial

from clusterdns.run.ledger import Ledger


def fail() -> None:
    """An undo that does not work."""
    raise RuntimeError("the API server answered 500")


def noting(done: list[str], what: str) -> Callable[[], None]:
    """An undo that only notes that it was called."""
    return lambda: done.append(what)


def test_the_newest_is_undone_first() -> None:
    """What was made on top of something goes before it."""
    ledger, done = Ledger(), list[str]()
    for what in ("cluster", "namespace", "pod"):
        ledger.register(what, noting(done, what))

    result = ledger.undo_all(5)

    assert done == ["pod", "namespace", "cluster"]
    assert (result.state, result.restored, result.leftovers) == ("clean", [], [])


def test_restores_come_first_and_are_named() -> None:
    """What is not ours is restored before our own things are removed."""
    ledger, done = Ledger(), list[str]()
    ledger.register("coredns", noting(done, "coredns"), restore=True)
    ledger.register("namespace", noting(done, "namespace"))

    result = ledger.undo_all(5)

    assert done == ["coredns", "namespace"]
    assert result.restored == ["coredns"]


def test_a_failure_is_named_and_stops_nothing() -> None:
    """One undo that fails leaves the others untouched by it."""
    ledger, done = Ledger(), list[str]()
    ledger.register("first", noting(done, "first"))
    ledger.register("broken", fail)
    ledger.register("last", noting(done, "last"))

    result = ledger.undo_all(5)

    assert done == ["last", "first"]
    assert result.state == "changed"
    assert result.leftovers == ["broken: the API server answered 500"]


def test_a_second_call_tries_only_what_is_left() -> None:
    """Working off is idempotent and can be resumed."""
    ledger, done = Ledger(), list[str]()
    broken = [True]
    ledger.register("good", noting(done, "good"))
    ledger.register("bad", lambda: fail() if broken[0] else done.append("bad"))

    first = ledger.undo_all(5)
    broken[0] = False
    second = ledger.undo_all(5)
    third = ledger.undo_all(5)

    assert (first.state, second.state, third.state) == ("changed", "clean", "clean")
    assert done == ["good", "bad"]


def test_an_undo_that_hangs_costs_the_deadline_and_no_more() -> None:
    """The others are still undone, and the one that hangs is named."""
    ledger, done, never = Ledger(), list[str](), threading.Event()

    def hang() -> None:
        never.wait(60)

    ledger.register("good", noting(done, "good"))
    ledger.register("hanging", hang)
    started = time.monotonic()

    result = ledger.undo_all(1.5)

    assert time.monotonic() - started < 3
    assert done == ["good"]
    assert result.leftovers == ["hanging: still not undone after 2 s"] or result.leftovers == [
        "hanging: still not undone after 1 s"
    ]
    never.set()


def test_gone_is_waited_for_side_by_side() -> None:
    """Two namespaces that take half a second each are gone in half a second, not in one."""
    ledger = Ledger()
    deleted: dict[str, float] = {}

    def delete(name: str) -> None:
        deleted[name] = time.monotonic()

    def why_there(name: str) -> str | None:
        return "is being deleted" if time.monotonic() - deleted[name] < 0.5 else None

    for name in ("a", "b"):
        ledger.register(name, partial(delete, name), gone=partial(why_there, name))
    started = time.monotonic()

    result = ledger.undo_all(5)

    assert 0.5 <= time.monotonic() - started < 0.9
    assert result.state == "clean"


def test_what_is_stuck_is_named_with_its_reason() -> None:
    """At the deadline the leftovers say why they are still there."""
    ledger = Ledger()
    ledger.register("namespace x", lambda: None, gone=lambda: "finalizers example.org/hold")

    result = ledger.undo_all(0.3)

    assert result.state == "changed"
    assert result.leftovers == ["namespace x: finalizers example.org/hold"]


def test_what_goes_with_a_cluster_is_left_to_it() -> None:
    """Namespaces in a kind cluster of our own are not deleted one by one."""
    ledger, done = Ledger(), list[str]()
    ledger.register("kind cluster", noting(done, "cluster"))
    ledger.register("namespace", noting(done, "namespace"), goes_with="kind cluster")

    assert ledger.undo_all(5).state == "clean"
    assert done == ["cluster"]
    assert ledger.open == []


def test_what_goes_with_a_cluster_that_stays_is_removed_itself() -> None:
    """When the cluster cannot be deleted, or is not ours to delete, its namespaces still go."""
    ledger, done = Ledger(), list[str]()
    ledger.register("kind cluster", fail)
    ledger.register("namespace", noting(done, "namespace"), goes_with="kind cluster")
    ledger.register("other", noting(done, "other"), goes_with="a cluster that is kept")

    assert ledger.undo_all(5).state == "changed"
    assert sorted(done) == ["namespace", "other"]


def test_keep_restores_and_keeps_the_rest() -> None:
    """With --keep the cluster's own DNS is restored all the same."""
    ledger, done = Ledger(), list[str]()
    ledger.register("coredns", noting(done, "coredns"), restore=True)
    ledger.register("namespace", noting(done, "namespace"))

    result = ledger.undo_all(5, keep=True)

    assert done == ["coredns"]
    assert (result.state, result.restored) == ("kept", ["coredns"])
    assert result.leftovers == ["namespace"]


def test_a_restore_that_fails_is_a_change_even_with_keep() -> None:
    """--keep never hides that the cluster was left changed."""
    ledger = Ledger()
    ledger.register("coredns", fail, restore=True)

    assert ledger.undo_all(5, keep=True).state == "changed"
