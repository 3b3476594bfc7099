"""From the lines of a log to the questions that a lookup cost."""

import re
from types import SimpleNamespace
from typing import cast

import pytest

from clusterdns.clients.counting import QuestionCounter, counted_in, walks_of
from clusterdns.clients.lookup_cost import (
    CASES,
    GLIBC,
    GLIBC_OLD,
    MUSL_LIBC,
    NOWHERE,
    SERVICE_NAMESPACE,
    TWO_DOTS,
    Case,
    Resolver,
    Sample,
    SearchCost,
    Walks,
    in_words,
)
from clusterdns.clients.nameserver_health import Hearing
from clusterdns.clients.planned import Role
from clusterdns.corefile import parse
from clusterdns.matrix.evidence import Evidence
from clusterdns.testbed.testbed import Workspace
from selftests.clients.places import HOME, POD, ZONE, a_testbed, client, clients

LOG = """\
.:53
[INFO] counted 100 A t0n1.default.run.svc.cluster.local. NXDOMAIN 10.244.1.9
[INFO] counted 101 AAAA t0n1.default.run.svc.cluster.local. NXDOMAIN 10.244.1.9
[INFO] counted 102 A T0N1.default.svc.cluster.local. NOERROR 10.244.1.9
[ERROR] plugin/errors: 2 something else.
[INFO] counted 102 A t0n1.default.svc.cluster.local. NOERROR 10.244.1.9
[INFO] counted 103 AAAA t0n1.default.svc.cluster.local. NOERROR 10.244.1.9
[INFO] counted 7 A t0n11.default.svc.cluster.local. NOERROR 10.244.1.9
"""
WALK = ("t0n1.default.run.svc.cluster.local.", "t0n1.default.svc.cluster.local.")


@pytest.fixture
def counter() -> QuestionCounter:
    """A counter that is not running."""
    return QuestionCounter(cast(Workspace, SimpleNamespace(namespace=HOME)), ZONE)


def test_questions_of_one_token() -> None:
    """Only the token's own questions count, one that was sent twice once, case aside."""
    assert walks_of("t0n1", counted_in(LOG)) == {"A": WALK, "AAAA": WALK}


def test_same_question_with_another_id_counts() -> None:
    """A question that a resolver really asks again is not hidden."""
    again = LOG + "counted 555 A t0n1.default.svc.cluster.local. NOERROR 10.244.1.9\n"

    assert walks_of("t0n1", counted_in(again))["A"] == (*WALK, WALK[-1])


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("t.default.svc.cluster.local.", True),
        ("t.run.svc.cluster.local.", True),
        ("t.default.run.svc.cluster.local.", False),
        ("t.default.", False),
        ("t.other.svc.cluster.local.", False),
        ("T.Walk.Test.", True),
        ("t.a.b.c.walk.test.", True),
        ("walk.test.", False),
        ("t.walk.test.cluster.local.", False),
    ],
)
def test_existing_names(counter: QuestionCounter, name: str, exists: bool) -> None:
    """Names of one label below a namespace exist, and all names outside below one domain."""
    assert counter.exists(name) is exists


def test_corefile_says_the_same(counter: QuestionCounter) -> None:
    """The Corefile is well-formed and matches the very patterns by which names exist."""
    (block,) = parse(counter.corefile).blocks
    matches = re.findall(r"match (\S+)", counter.corefile)

    assert [plugin.name for plugin in block.plugins] == ["errors", "log", *["template"] * 3]
    assert set(matches) == set(counter.existing)


def sample(resolver: Resolver, case: Case, *wanted: Walks) -> Sample:
    """One lookup from one client."""
    return Sample(client(Role.NONE), resolver, case, "t0n1", "t0n1.default", wanted)


def test_exact_walk_is_right() -> None:
    """The right names in the right order are right, and are not taken again."""
    made = sample(GLIBC, SERVICE_NAMESPACE, {"A": WALK, "AAAA": WALK}, {"A": WALK})

    assert made.is_right({"A": WALK})
    assert not made.is_rearranged({"A": WALK})


@pytest.mark.parametrize(
    "walks",
    [
        {},
        {"A": WALK[:1]},
        {"A": (*WALK, "t0n1.default.")},
        {"A": (*WALK, WALK[-1])},
        {"A": WALK, "AAAA": WALK[:1]},
        {"A": WALK, "TXT": WALK},
    ],
    ids=["none", "too-few", "one-more", "repeated", "half-a-family", "another-type"],
)
def test_wrong_walk_is_never_taken_again(walks: Walks) -> None:
    """A question too few or too many is a finding at once."""
    made = sample(GLIBC, SERVICE_NAMESPACE, {"A": WALK, "AAAA": WALK}, {"A": WALK})

    assert not made.is_right(walks)
    assert not made.is_rearranged(walks)


def test_another_order_is_taken_again() -> None:
    """Two lines of a log can change places, so that alone is no finding yet."""
    made = sample(GLIBC, SERVICE_NAMESPACE, {"A": WALK})

    assert not made.is_right({"A": WALK[::-1]})
    assert made.is_rearranged({"A": WALK[::-1]})


def cost_of(resolver: Resolver, case: Case, walks: Walks) -> Evidence:
    """What a check sees of one lookup that asked for these names."""
    known = clients(client(Role.NONE))
    cost = SearchCost(a_testbed(musl="musl"), known, Hearing(known))
    counter = QuestionCounter(cast(Workspace, SimpleNamespace(namespace=HOME)), ZONE)
    cost.clients.__dict__["counter"] = counter
    made = cost.sample(client(Role.NONE), resolver, case, 0, 1)
    cost.results[str(resolver), case.id] = [(made, walks)]
    return cost.of(resolver, case)


def test_expected_walk_of_a_service() -> None:
    """kubernetes.default costs two questions per type: the own namespace, then the hit."""
    assert cost_of(GLIBC, SERVICE_NAMESPACE, {"A": WALK, "AAAA": WALK}).deviations == {}


def test_expected_walk_outside() -> None:
    """A name outside with fewer than five dots walks the whole list first."""
    walk = tuple(f"t0n1.walk.test.{suffix}" for suffix in (*(f"{s}." for s in POD.search), ""))

    assert cost_of(MUSL_LIBC, TWO_DOTS, {"A": walk, "AAAA": walk}).deviations == {}
    assert cost_of(MUSL_LIBC, TWO_DOTS, {"A": walk[-1:], "AAAA": walk[-1:]}).deviations != {}


def test_old_resolver_asks_for_one_type_after_the_other() -> None:
    """Gethostbyname asks for A only when no AAAA was found."""
    walk = tuple(f"t0n1.nowhere.test.{suffix}" for suffix in (*(f"{s}." for s in POD.search), ""))

    assert cost_of(GLIBC_OLD, NOWHERE, {"A": walk, "AAAA": walk}).deviations == {}
    assert cost_of(GLIBC_OLD, SERVICE_NAMESPACE, {"AAAA": WALK}).deviations == {}


def test_evidence_has_no_tokens() -> None:
    """Messages name the looked up name in a way that does not change from run to run."""
    assert in_words({"A": WALK}, "t0n1").startswith("2 A: NAME.default.run.svc.cluster.local. ")
    assert in_words({}, "t0n1") == "no question arrived"


def test_cases_differ() -> None:
    """Each kind of name is counted once."""
    assert len({case.id for case in CASES}) == len({case.name for case in CASES}) == len(CASES)
