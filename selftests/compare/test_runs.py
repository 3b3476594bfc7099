"""Two runs compared: each of twenty changes is found, and nothing else; what fluctuates is not."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from clusterdns.compare.content import Content, Edns, Entry
from clusterdns.compare.roles import RUN, ZONE
from clusterdns.report.comparison import Comparison
from selftests.compare.world import SERVERS, Change, Where, World, compared, denial, positive, usual

FIRST = f"web0.{RUN}.svc.{ZONE} A"
POINTER = "<reverse of Service web3 IPv4> PTR"
SRV = f"_dns._udp.peers1.other.svc.{ZONE} SRV"
HOST = "db2.corp.test. A"


def at(question: str, change: Callable[[Content], Content]) -> Change:
    """A change of what is said to one question."""
    return lambda asked, where, content: change(content) if asked == question else content


def everywhere(change: Callable[[Content], Content]) -> Change:
    """A change of all answers."""
    return lambda asked, where, content: change(content)


def at_replica(change: Callable[[Content], Content]) -> Change:
    """A change of all answers of one replica."""
    return lambda asked, where, content: change(content) if where[1] == SERVERS[1] else content


def with_ttl(ttl: int) -> Callable[[Content], Content]:
    """All records of the answer with another TTL."""
    return lambda c: replace(c, answer=tuple(e._replace(ttl=ttl) for e in c.answer))


def with_data(data: str) -> Callable[[Content], Content]:
    """The records of the answer with other data."""
    return lambda c: replace(c, answer=tuple(e._replace(data=data) for e in c.answer))


def with_flags(flags: str) -> Callable[[Content], Content]:
    """The answer with other flags."""
    return lambda c: replace(c, flags=flags)


def denied(content: Content) -> Content:
    """A denial in place of the answer."""
    owner, rdtype = content.echoed.rsplit(" ", 1)
    return denial(owner, rdtype)


def reordered(content: Content) -> Content:
    """The records the other way round."""
    return replace(content, answer=content.answer[::-1])


def in_soa(old: str, new: str) -> Callable[[Content], Content]:
    """Something else in SOA records."""

    def change(content: Content) -> Content:
        soas = tuple(e._replace(data=e.data.replace(old, new)) for e in content.authority)
        return replace(content, authority=soas)

    return change


def soa_serial(content: Content) -> Content:
    """A serial that is a number of its own."""
    return replace(content, serials=tuple(7 for _ in content.serials))


def an_option(content: Content) -> Content:
    """An extended error beside the answer."""
    return replace(content, edns=Edns(0, 1232, "", ((15, "EDE 22"),)))


def more(content: Content) -> Content:
    """One more record in the additional section."""
    return replace(content, additional=(Entry("extra.test.", "A", 30, "10.0.0.9"),))


def a_buffer(content: Content) -> Content:
    """Another buffer size."""
    return replace(content, edns=Edns(0, 4096))


def twice(content: Content) -> Content:
    """A second record."""
    return replace(content, answer=(*content.answer, content.answer[0]._replace(data="10.7.7.7")))


def in_capitals(content: Content) -> Content:
    """The question comes back in capitals."""
    return replace(content, echoed=content.echoed.upper())


def cut(content: Content) -> Content:
    """An answer that does not fit."""
    return replace(content, flags="QR AA TC RD", answer=content.answer[:1])


def silent(content: Content) -> Content:
    """No answer at all."""
    return Content(error="timeout")


CHANGES: dict[str, tuple[Change, str, int]] = {
    "a TTL of one host": (at(HOST, with_ttl(5)), "ttl", 12),
    "the TTL of the zone": (everywhere(with_ttl(5)), "ttl", 52 * 12),
    "a longer TTL of the zone": (everywhere(with_ttl(60)), "ttl", 48 * 12),
    "one lost PTR": (at(POINTER, denied), "rcode, answer, authority", 12),
    "an SRV order": (at(SRV, reordered), "order", 12),
    "one replica's other address": (at_replica(with_data("10.9.9.9")), "answer", 52 * 4),
    "an EDNS option": (everywhere(an_option), "edns-options", 72 * 12),
    "another buffer size": (everywhere(a_buffer), "edns-payload", 864),
    "no EDNS at one replica": (at_replica(lambda c: replace(c, edns=Edns())), "edns", 72 * 4),
    "EDNS flags": (at(FIRST, lambda c: replace(c, edns=Edns(0, 1232, "DO"))), "edns-flags", 12),
    "another address": (at(HOST, with_data("10.1.1.99")), "answer", 12),
    "one more address": (at(HOST, twice), "answer", 12),
    "no AA": (at_replica(with_flags("QR RD RA")), "flags", 72 * 4),
    "truncated": (at(SRV, with_flags("QR AA TC RD")), "flags", 12),
    "SERVFAIL": (at(HOST, lambda c: replace(c, rcode="SERVFAIL", answer=())), "rcode, answer", 12),
    "another minimum": (everywhere(in_soa(" 30", " 5")), "authority", 240),
    "another serial": (everywhere(soa_serial), "soa-serial", 240),
    "something more": (at(FIRST, more), "additional", 12),
    "the case of the question": (at(FIRST, in_capitals), "question", 12),
    "silence": (at(HOST, silent), "answered", 12),
    "a smaller answer that is cut": (at(SRV, cut), "flags, answer", 12),
}  # fmt: skip


def found(comparison: Comparison) -> list[tuple[str, int]]:
    """The differences of answers by field and number; nothing else may have changed."""
    assert (comparison.checks, comparison.paths, comparison.notes) == ((), (), ())
    return [(change.field, change.cells) for change in comparison.answers]


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_found_and_nothing_else(name: str) -> None:
    """One change is one difference, at all answers that it is about."""
    change, field, cells = CHANGES[name]
    assert found(compared(World(), World([change]))) == [(field, cells)]


def test_nothing_is_found_where_nothing_has_changed() -> None:
    """The same again, other times, and a TTL that runs down in a cache: nothing."""
    turn = count()

    def running_down(asked: str, where: Where, content: Content) -> Content:
        return with_ttl(30 - next(turn) % 9)(content)

    assert found(compared(World(), World())) == []
    assert found(compared(World([running_down]), World([running_down]), World())) == []


def test_an_order_that_turns_is_none() -> None:
    """Records in another order each time; and that they turn, or do not any more, is one."""
    turn = count()

    def turning(asked: str, where: Where, content: Content) -> Content:
        by = next(turn) * 7 // 3 % max(1, len(content.answer))
        return replace(content, answer=content.answer[by:] + content.answer[:by])

    assert found(compared(World([turning]), World([turning]))) == []
    wanted = [("order", 8 * 12)]
    assert found(compared(World(), World([turning]))) == wanted
    assert found(compared(World([turning]), World())) == wanted


def test_which_records_a_truncated_answer_has_is_no_difference() -> None:
    """A server may choose what it leaves out."""
    others = at(SRV, lambda c: replace(c, flags="QR AA TC RD", answer=c.answer[2:]))
    assert found(compared(World([at(SRV, cut)]), World([others]))) == []


def test_what_only_a_cache_makes_different_is_none() -> None:
    """What a cache has kept has AA, and a TTL that ran down; what it has not has neither."""

    def relayed(question: str, where: Where, content: Content) -> Content:
        return with_flags("QR RD RA")(content) if question.startswith("db") else content

    def kept(question: str, where: Where, content: Content) -> Content:
        old = with_flags("QR AA RD RA")(with_ttl(22)(content))
        return old if question.startswith("db") else content

    mixed = count()

    def either(question: str, where: Where, content: Content) -> Content:
        return (relayed if next(mixed) % 2 else kept)(question, where, content)

    for before, now in ((relayed, kept), (kept, relayed)):
        assert compared(World([before]), World([now]), live=World([either])).answers == ()


def test_what_does_not_come_again_is_not_reported() -> None:
    """A difference that is not there when it is asked anew is counted, and no more."""
    change, _, _ = CHANGES["another address"]
    comparison = compared(World(), World([change]), live=World())
    assert comparison.answers == ()
    assert comparison.notes == ("1 difference of answers did not come again when asked anew",)


def test_an_added_hosts_line_is_a_new_question() -> None:
    """A name that a check asks for the first time is told, and one that it asks no more."""
    answers = usual() | {"new.corp.test. A": ("hosts", positive("new.corp.test.", "A", "10.1.1.9"))}
    (change,) = compared(World(), World(answers=answers)).answers
    assert (change.field, change.now, change.questions) == ("asked", "asked", ("new.corp.test. A",))
    (change,) = compared(World(answers=answers), World()).answers
    assert (change.now, change.questions) == ("not asked", ("new.corp.test. A",))


def test_a_slow_path_is_found_and_no_check() -> None:
    """30 ms on one path: it is slower, the other way round faster; checks are not."""

    def delay(question: str, where: Where) -> float:
        return 30.0 if where == ("n1", SERVERS[2], "udp") else 0.0

    slow = World(delay=delay)
    for before, now, word in ((World(), slow, "slower"), (slow, World(), "faster")):
        comparison = compared(before, now)
        assert [(p.path, p.change) for p in comparison.paths] == [("n1 > pod/b over udp", word)]
        assert (comparison.checks, comparison.answers) == ((), ())
    assert compared(World(), World(delay=delay), live=World()).paths == ()


def test_a_slow_check_is_found_and_no_path() -> None:
    """30 ms more for the questions of one check alone: that check is slower."""

    def delay(question: str, where: Where) -> float:
        return 30.0 if ".corp.test." in question else 0.0

    comparison = compared(World(), World(delay=delay))
    assert [(c.name, c.change) for c in comparison.checks] == [
        ("tests/dns/test_hosts.py::test_hosts", "slower")
    ]
    assert (comparison.paths, comparison.counts["unchanged"]) == ((), 4)
    assert compared(World(), World(delay=delay), live=World()).checks == ()
    assert compared(World(delay=delay), World()).checks == ()  # one report is not enough
    comparison = compared([World(delay=delay)] * 2, World())
    assert [c.change for c in comparison.checks] == ["faster"]


@pytest.mark.parametrize(
    ("before", "now", "change", "excused"),
    [
        ("passed", "failed", "regressed", 0),
        ("not-run", "failed", "regressed", 0),
        ("failed", "failed", None, 1),
        ("waived", "failed", None, 1),
        ("", "failed", "new", 1),
        ("failed", "passed", "fixed", 0),
        ("deviation", "passed", "fixed", 0),
        ("passed", "deviation", "regressed", 0),
        ("passed", "not-run", "gone", 0),
        ("passed", "", "gone", 0),
        ("not-run", "passed", "new", 0),
        ("not-run", "not-applicable", None, 0),
    ],
)
def test_what_became_of_a_check(before: str, now: str, change: str | None, excused: int) -> None:
    """How each pair of outcomes is called, and whether a failure gives no exit code 1."""
    comparison = compared(World(outcomes={"hosts": before}), World(outcomes={"hosts": now}))
    assert [c.change for c in comparison.checks] == [change] * bool(change)
    assert len(comparison.excused) == excused
