"""ndots: the questions that one lookup really costs, counted where they arrive."""

import pytest

from clusterdns.clients.lookup_cost import (
    CASES,
    DIG_SEARCH,
    GLIBC,
    GLIBC_OLD,
    MUSL_LIBC,
    Case,
    Resolver,
    SearchCost,
)
from clusterdns.matrix.tally import Tally


@pytest.mark.spec("D20", "D22")
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("resolver", [GLIBC, GLIBC_OLD, DIG_SEARCH], ids=str)
def test_lookup_asks_no_more_than_it_must(
    search_cost: SearchCost, resolver: Resolver, case: Case, tally: Tally
) -> None:
    """A lookup must ask for exactly the names of its search, in order, until one exists."""
    counted = search_cost.of(resolver, case).noted_in(tally)
    assert counted.deviations == {}, counted


@pytest.mark.spec("D20", "D22")
@pytest.mark.usefixtures("musl")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_musl_asks_no_more_than_it_must(search_cost: SearchCost, case: Case, tally: Tally) -> None:
    """A lookup by musl must ask for exactly the names of its search, in order, until one exists."""
    counted = search_cost.of(MUSL_LIBC, case).noted_in(tally)
    assert counted.deviations == {}, counted
