"""The cache: what it keeps and for how long, and what it does not keep.

Tried in a private CoreDNS of the cluster's own image, in front of upstreams of ours that note each
question: an answer from the cache is one that no upstream was asked for.
"""

import pytest

from clusterdns.experiments.cache.answers import KINDS, Kind
from clusterdns.experiments.cache.experiment import REPEATED, Caching
from clusterdns.experiments.gather import Gather
from clusterdns.matrix.expect import Expected

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_kept_answer_is_that_of_the_upstream(caching: Caching, gather: Gather, kind: Kind) -> None:
    """Whether it comes from the cache or not, an answer must be the upstream's, a denial too."""
    series = caching.series[kind.label]
    answers = gather(*series.answers)
    assert answers.deviating_from(series.expected) == {}, f"{answers}\n{series}"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_question_is_answered_from_the_cache(caching: Caching, kind: Kind) -> None:
    """While an answer is kept no upstream must be asked again, and afterwards one must."""
    series = caching.series[kind.label]
    assert series.arrivals == series.misses, series


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_ttl_is_capped_and_counts_down(caching: Caching, kind: Kind) -> None:
    """The TTL must be the cache's cap (or its least) at first, and then what is left of it."""
    series = caching.series[kind.label]
    assert series.wrong_ttls == (), series


@pytest.mark.parametrize("what", REPEATED, ids=lambda what: what.replace(" ", "-"))
def test_only_what_may_be_kept_is_kept(caching: Caching, what: str) -> None:
    """What is disabled, truncated or without SOA must be asked each time; all else once."""
    arrived = caching.repeated[what]
    assert arrived == REPEATED[what], f"{what}: asked 3 times, {arrived} reached the upstream"


def test_without_an_upstream_stale_answers_are_served(caching: Caching, gather: Gather) -> None:
    """With serve_stale an expired answer must be served when the upstream is gone."""
    answers = gather(caching.fresh[0], caching.stale.answer)
    assert answers.deviating_from(caching.expected) == {}, answers


def test_stale_answer_must_not_be_kept(caching: Caching) -> None:
    """A stale answer must have a TTL of 0, so that no client keeps it."""
    assert caching.stale.ttl == 0, caching.stale.answer.message


def test_nothing_is_served_stale_unasked(caching: Caching, gather: Gather) -> None:
    """Without serve_stale, or when its time is over, an expired answer must not be served."""
    answers = gather(*caching.without_stale)
    assert answers.deviating_from(Expected("SERVFAIL")) == {}, answers


def test_metrics_count_hits_and_misses(caching: Caching) -> None:
    """Requests, hits, misses and stale answers in the metrics must be those that happened."""
    assert caching.counted == caching.counted_right, (
        f"the metrics say {caching.counted}\n  but it was {caching.counted_right}"
    )
