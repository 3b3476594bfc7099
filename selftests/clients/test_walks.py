"""Which names are asked for, in which order."""

from collections.abc import Callable

import pytest

from clusterdns.clients.search_order import (
    Expectation,
    Spelling,
    Walk,
    dig_walk,
    glibc_walk,
    musl_walk,
    up_to_the_hit,
)
from clusterdns.resolvconf import ResolvConf
from selftests.clients.places import API_SERVER

Walker = Callable[[str, ResolvConf], Walk]
CONF = ResolvConf(search=("a.svc.z", "svc.z", "z"), options=frozenset({"ndots:5"}))
ROOT = ResolvConf(search=("z", "."), options=frozenset({"ndots:5"}))
LOW = ResolvConf(search=("z",), options=frozenset({"ndots:1"}))


@pytest.mark.parametrize("walk", [glibc_walk, musl_walk, dig_walk])
def test_final_dot_ends_the_search(walk: Walker) -> None:
    """An absolute name is asked for once."""
    assert walk("x.y.", CONF) == ("x.y.",)


@pytest.mark.parametrize("walk", [glibc_walk, musl_walk, dig_walk])
def test_few_dots_are_searched_first(walk: Walker) -> None:
    """With fewer dots than ndots the name itself comes last."""
    walked = walk("x.y", CONF)

    assert walked == ("x.y.a.svc.z.", "x.y.svc.z.", "x.y.z.", "x.y.")


def test_enough_dots_come_first() -> None:
    """With ndots dots the name itself comes first; only glibc goes on with the list."""
    assert glibc_walk("x.y", LOW) == ("x.y.", "x.y.z.")
    assert musl_walk("x.y", LOW) == ("x.y.",)
    assert dig_walk("x.y", LOW) == ("x.y.",)


def test_root_in_the_list() -> None:
    """A single dot stands for the name itself, which glibc then does not ask for again."""
    assert glibc_walk("x", ROOT) == ("x.z.", "x.")


def test_no_list() -> None:
    """Without a list only the name itself is asked for."""
    assert glibc_walk("x", ResolvConf()) == ("x.",)


def test_the_hit_ends_the_walk() -> None:
    """What exists is the last name; what does not exist leaves the walk whole."""
    walk = ("a.", "b.", "c.")

    assert up_to_the_hit(walk, lambda name: name == "b.") == ("a.", "b.")
    assert up_to_the_hit(walk, lambda _: False) == walk


def test_search_list_of_a_pod() -> None:
    """The cluster's suffixes come first, the node's behind them, each once."""
    wanted = Expectation("a", "z", ("corp.test", "z", "corp.test"))

    assert wanted.search == ("a.svc.z", "svc.z", "z", "corp.test")


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        (Spelling.SHORT, "kubernetes"),
        (Spelling.NAMESPACE, "kubernetes.default"),
        (Spelling.SVC, "kubernetes.default.svc"),
        (Spelling.FULL, "kubernetes.default.svc.cluster.local"),
        (Spelling.ABSOLUTE, "kubernetes.default.svc.cluster.local."),
    ],
    ids=str,
)
def test_spelling(spelling: Spelling, name: str) -> None:
    """Each spelling adds one part of the name."""
    assert spelling.of(API_SERVER) == name
