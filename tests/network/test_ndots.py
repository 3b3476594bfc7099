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
    SearchCosts,
)

pytestmark = pytest.mark.about("ndots")


@pytest.mark.spec("D20", "D22")
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("resolver", [GLIBC, GLIBC_OLD, DIG_SEARCH], ids=str)
def test_lookup_asks_no_more_than_it_must(
    search_costs: SearchCosts, resolver: Resolver, case: Case
) -> None:
    """A lookup must ask for exactly the names of its search, in order, until one exists."""
    wanted = search_costs.wanted(resolver, case)
    counted = search_costs.count(*wanted)
    assert counted.match(wanted), counted


@pytest.mark.about("musl")
@pytest.mark.spec("D20", "D22")
@pytest.mark.usefixtures("musl")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_musl_asks_no_more_than_it_must(search_costs: SearchCosts, case: Case) -> None:
    """A lookup by musl must ask for exactly the names of its search, in order, until one exists."""
    wanted = search_costs.wanted(MUSL_LIBC, case)
    counted = search_costs.count(*wanted)
    assert counted.match(wanted), counted
