"""The options of forward: whom it asks, over what transport, and how many questions at once.

Tried in a private CoreDNS of the cluster's own image, whose upstreams are ours and note each
question that reaches them.
"""

import pytest

from clusterdns.experiments.forward_options.experiment import (
    ASKED,
    MOST,
    POLICIES,
    WAYS,
    Choosing,
    Policy,
    Way,
)
from clusterdns.experiments.forwarding.outside_zone import LARGE_ROW
from clusterdns.experiments.gather import Gather
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Transport

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_policy_chooses_the_upstream(choosing: Choosing, policy: Policy) -> None:
    """Questions must go to the upstreams that the policy says; without one at random."""
    chosen = choosing.chosen[policy.label]
    assert chosen.pattern == policy.chooses, f"{policy.chooses} is expected: {chosen}"


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_every_upstream_is_as_good(choosing: Choosing, gather: Gather, policy: Policy) -> None:
    """Whichever upstream is chosen, its answer must arrive."""
    answers = gather(*choosing.chosen[policy.label].answers)
    assert answers.deviating_from(choosing.expected) == {}, answers


def test_no_more_questions_than_max_concurrent(choosing: Choosing) -> None:
    """Of many questions at once max_concurrent must reach the upstream and be answered."""
    limited = choosing.limited
    assert (limited.arrived, len(limited.served)) == (MOST, MOST), limited


def test_question_within_max_concurrent_is_answered(choosing: Choosing, gather: Gather) -> None:
    """A question within the limit must be answered as if there were none."""
    answers = gather(*choosing.limited.served)
    assert answers.deviating_from(choosing.expected) == {}, answers


def test_question_above_max_concurrent_is_refused(choosing: Choosing, gather: Gather) -> None:
    """A question above the limit must be answered with REFUSED."""
    answers = gather(*choosing.limited.others)
    assert answers.deviating_from(Expected("REFUSED")) == {}, answers


def test_refusals_of_max_concurrent_are_counted(choosing: Choosing) -> None:
    """The metrics must count each question above the limit."""
    assert choosing.limited.rejects == ASKED - MOST, choosing.limited


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_upstream_is_asked_over(choosing: Choosing, way: Way, transport: Transport) -> None:
    """The upstream must be asked over the client's transport, or the one that the option says."""
    over = choosing.over[way.label, transport]
    assert over == (way.over[transport],), f"{way} over {transport}: {over or 'nothing'} arrived"


def test_truncated_answer_is_asked_for_over_tcp(choosing: Choosing) -> None:
    """With prefer_udp an upstream whose answer is truncated must be asked again over TCP."""
    assert choosing.fell_back == {"udp", "tcp"}, choosing.fell_back


def test_answer_is_whole_after_truncation(choosing: Choosing, gather: Gather) -> None:
    """The client must then get the whole answer."""
    answers = gather(choosing.large)
    assert answers.deviating_from(LARGE_ROW.expected) == {}, answers


def test_excepted_names_are_not_forwarded(choosing: Choosing) -> None:
    """What stands behind except must not reach the upstream, and all else must."""
    arrived = (choosing.counted, dict(choosing.forwarded))
    assert arrived == (True, {"kept": 1, "excepted": 0}), arrived
