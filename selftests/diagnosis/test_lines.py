"""The smallest set of statements is found, whatever set it is, and in few rounds."""

from collections.abc import Callable, Sequence

import pytest

from clusterdns.corefile import parse
from clusterdns.corefile.statements import Statement, statements
from clusterdns.diagnosis.hops.lines import MOST_AT_ONCE, WHOLE, Gone, Lines, is_inside, search

COREFILE = parse(
    ".:53 {\n kubernetes cluster.local {\n  namespaces a\n  pods insecure\n }\n"
    + "".join(f" rewrite name a{n}.x b{n}.x\n" for n in range(20))
    + " hosts {\n  192.0.2.1 one.x\n  192.0.2.2 two.x\n }\n"
    " template IN A x {\n  rcode NXDOMAIN\n }\n forward . 192.0.2.9\n}\n"
    "stub.x:53 {\n forward . 192.0.2.8\n}\n"
)
ALL = statements(COREFILE)
Judge = Callable[[Gone], bool | None]


def found(judge: Judge, suspects: Sequence[Statement] = ()) -> tuple[Lines, int]:
    """The result, and how many rounds it took."""
    going, rounds = search(ALL, suspects), 1
    wants = next(going)
    while True:
        assert len(wants) <= 2 * MOST_AT_ONCE
        try:
            wants = going.send({gone: judge(gone) for gone in wants})
        except StopIteration as end:
            result: Lines = end.value
            return result, rounds
        rounds += 1


def named(*texts: str) -> Gone:
    """The statements that begin so."""
    return frozenset(one for one in ALL if one.text.startswith(texts))


def covers(gone: Gone, one: Statement) -> bool:
    """Whether it is gone, by itself or with what it is in."""
    return any(at[: len(up)] == up for at in one.at for other in gone for up in other.at)


@pytest.mark.parametrize(
    "guilty",
    ["namespaces a", "rewrite name a1.x", "rewrite name a19.x", "192.0.2.2", "template", "stub.x"],
)
def test_one_statement_is_found(guilty: str) -> None:
    """Wherever it stands, without what it is in."""
    (one,) = named(guilty)
    result, rounds = found(lambda gone: covers(gone, one))
    assert result == Lines(True, frozenset({one}))
    assert rounds <= 4


@pytest.mark.parametrize("guilty", ["namespaces a", "192.0.2.2", "template"])
def test_what_is_inside_a_suspect_is_tried_with_it(guilty: str) -> None:
    """Where reading knows which plugin takes the question, one round is enough."""
    (one,) = named(guilty)
    suspects = [p for p in ALL if p.kind == "plugin" and (p == one or is_inside(one, p))]
    result, rounds = found(lambda gone: covers(gone, one), suspects)
    assert (result, rounds) == (Lines(True, frozenset({one})), 1)


def test_statements_that_only_go_together_are_found() -> None:
    """No more and no fewer."""
    both = named("rewrite name a3.x", "template")
    result, _ = found(lambda gone: all(covers(gone, one) for one in both))
    assert result == Lines(True, both)


def test_a_whole_corefile_that_is_right_ends_it() -> None:
    """The difference is somewhere else."""
    assert found(lambda gone: gone == WHOLE) == (Lines(False), 1)


def test_what_could_not_be_tried_is_not_judged() -> None:
    """No instance started."""
    assert found(lambda _: None) == (Lines(None), 1)


def test_nothing_helps() -> None:
    """The Corefile is not to blame, or lacks something."""
    result, _ = found(lambda _: False)
    assert result == Lines(True, None)


def test_variants_that_were_refused_are_no_answers() -> None:
    """Others are tried all the same."""
    (one,) = named("template")
    result, _ = found(lambda gone: None if len(gone) > 1 else covers(gone, one))
    assert result == Lines(True, frozenset({one}))
