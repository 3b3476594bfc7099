"""Short names: what programs in pods find under the names of Services, on every node."""

import pytest

from clusterdns.clients.lookups import QUALIFIED, Lookups
from clusterdns.clients.planned import Role
from clusterdns.clients.resolver import FOR_MISSES, MUSL, TOOLS, Tool
from clusterdns.clients.search_order import Spelling
from clusterdns.matrix.tally import Tally

FROM = (Role.CLUSTER_FIRST, Role.HOST_NETWORK, Role.SECOND)
IN_BOTH_NAMESPACES = (Role.CLUSTER_FIRST, Role.SECOND)


@pytest.mark.spec("D20", "D22", "D33")
@pytest.mark.parametrize("role", FROM, ids=str)
@pytest.mark.parametrize("spelling", QUALIFIED, ids=str)
@pytest.mark.parametrize("tool", TOOLS, ids=str)
def test_api_server_is_found(
    lookups: Lookups, role: Role, tool: Tool, spelling: Spelling, tally: Tally
) -> None:
    """The Service kubernetes must be found from every namespace, however much is written."""
    found = lookups.api_server(role, tool, spelling).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D22")
@pytest.mark.usefixtures("musl")
@pytest.mark.parametrize("spelling", QUALIFIED, ids=str)
def test_musl_finds_the_api_server(lookups: Lookups, spelling: Spelling, tally: Tally) -> None:
    """The resolver of musl must find the Service kubernetes, however much is written."""
    found = lookups.api_server(Role.MUSL, MUSL, spelling).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21")
@pytest.mark.parametrize("tool", TOOLS, ids=str)
def test_short_name_is_the_own_namespaces(lookups: Lookups, tool: Tool, tally: Tally) -> None:
    """A Service's name alone must lead to the one in the pod's own namespace."""
    found = lookups.at_home(IN_BOTH_NAMESPACES, tool).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21", "D22")
@pytest.mark.usefixtures("musl")
def test_musl_finds_the_own_namespaces(lookups: Lookups, tally: Tally) -> None:
    """With musl too a Service's name alone must lead to the one in the pod's own namespace."""
    found = lookups.at_home([Role.MUSL], MUSL).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21")
@pytest.mark.parametrize("tool", TOOLS, ids=str)
def test_own_namespace_comes_first(lookups: Lookups, tool: Tool, tally: Tally) -> None:
    """A Service that we call kubernetes must be found before the one in another namespace."""
    found = lookups.namesake(tool).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21")
@pytest.mark.parametrize("role", IN_BOTH_NAMESPACES, ids=str)
@pytest.mark.parametrize("spelling", QUALIFIED, ids=str)
@pytest.mark.parametrize("tool", TOOLS, ids=str)
def test_other_namespace_is_reached(
    lookups: Lookups, role: Role, tool: Tool, spelling: Spelling, tally: Tally
) -> None:
    """With the namespace behind its name a Service must be found from another namespace."""
    found = lookups.neighbour(role, tool, spelling).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21", "D22")
@pytest.mark.usefixtures("musl")
@pytest.mark.parametrize("spelling", QUALIFIED, ids=str)
def test_musl_reaches_the_other_namespace(
    lookups: Lookups, spelling: Spelling, tally: Tally
) -> None:
    """With musl too the namespace must lead to the Service in it."""
    found = lookups.neighbour(Role.MUSL, MUSL, spelling).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21")
@pytest.mark.parametrize("tool", FOR_MISSES, ids=str)
def test_short_name_ends_at_the_namespace(lookups: Lookups, tool: Tool, tally: Tally) -> None:
    """A Service's name alone must not lead into another namespace."""
    found = lookups.not_lonely([Role.SECOND, Role.HOST_NETWORK], tool).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D21")
@pytest.mark.parametrize("tool", FOR_MISSES, ids=str)
def test_api_server_has_no_short_name(lookups: Lookups, tool: Tool, tally: Tally) -> None:
    """The name kubernetes alone must not lead to the API server from another namespace."""
    found = lookups.not_api_server([Role.CLUSTER_FIRST, Role.HOST_NETWORK], tool).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D20")
@pytest.mark.needs("plain-search")
@pytest.mark.parametrize("role", FROM, ids=str)
@pytest.mark.parametrize("spelling", QUALIFIED, ids=str)
def test_each_step_of_the_search(
    lookups: Lookups, role: Role, spelling: Spelling, tally: Tally
) -> None:
    """A search must ask for each suffix in its order, and be denied with NXDOMAIN until the hit."""
    found = lookups.dig_steps(role, spelling).noted_in(tally)
    assert found.deviations == {}, found
