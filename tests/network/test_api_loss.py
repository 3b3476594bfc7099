"""Loss of the API server: what cluster DNS knows stays, and what it missed comes by itself.

Tried in private CoreDNS instances of the cluster's own image, whose way to the API is ours to cut.
"""

import pytest

from clusterdns.experiments.api_loss.api_late import ApiLate
from clusterdns.experiments.api_loss.api_lost import ApiLost
from clusterdns.experiments.api_loss.cut import OUTSIDE, OUTSIDE_ADDRESS
from clusterdns.experiments.gather import Gather
from clusterdns.matrix import expect
from clusterdns.matrix.expect import Expected

pytestmark = pytest.mark.slow
SERVED = expect.addresses(OUTSIDE.name, [OUTSIDE_ADDRESS])


def test_known_names_stay(api_lost: ApiLost, gather: Gather) -> None:
    """Without the API a name that was known must keep its address."""
    answers = gather(*api_lost.known)
    assert answers.deviating_from(lambda a: api_lost.expected[a.question]) == {}, answers


def test_deleted_service_stays_meanwhile(api_lost: ApiLost, gather: Gather) -> None:
    """Without the API nothing can be learnt: what is deleted meanwhile must keep its address."""
    answers = gather(*api_lost.gone)
    assert answers.deviating_from(api_lost.stale) == {}, answers


def test_new_service_is_unknown_meanwhile(api_lost: ApiLost, gather: Gather, zone: str) -> None:
    """Without the API a new name must be denied, for nothing says that it exists."""
    answers = gather(*api_lost.new)
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


def test_outside_names_go_on(api_lost: ApiLost, gather: Gather) -> None:
    """Without the API names outside must resolve as before."""
    answers = gather(*api_lost.outside)
    assert answers.deviating_from(SERVED) == {}, answers


def test_replica_stays_ready(api_lost: ApiLost) -> None:
    """A replica that was ready must stay so: without the API it serves what it knows."""
    assert [page.status for page in api_lost.ready] == [200, 200, 200], api_lost


def test_process_stays(api_lost: ApiLost) -> None:
    """The loss of the API must not end CoreDNS."""
    assert api_lost.process_after == api_lost.process_before, api_lost


def test_missed_changes_become_visible(lost_api_measured: ApiLost) -> None:
    """What was created and deleted meanwhile must become visible when the API is back."""
    assert lost_api_measured.seconds is not None, lost_api_measured


def test_start_without_the_api_is_not_ready(api_late: ApiLate) -> None:
    """A replica that has never seen the API must not be ready, and say that it waits for it."""
    page = api_late.ready
    assert (page.status, "kubernetes" in page.body) == (503, True), api_late


def test_start_without_the_api_denies_nothing(api_late: ApiLate, gather: Gather) -> None:
    """It knows no name, so it must say SERVFAIL and never that a name does not exist."""
    answers = gather(*api_late.cluster)
    assert answers.deviating_from(Expected("SERVFAIL")) == {}, answers


def test_start_without_the_api_serves_the_outside(api_late: ApiLate, gather: Gather) -> None:
    """It must resolve names outside all the same."""
    answers = gather(*api_late.outside)
    assert answers.deviating_from(SERVED) == {}, answers


def test_late_api_is_enough(late_api_measured: ApiLate) -> None:
    """When the API comes, it must become ready and answer, without a restart."""
    assert late_api_measured.seconds is not None, late_api_measured
