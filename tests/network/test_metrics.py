"""Metrics: the series that each plugin must have, and counters that move as questions do.

The replicas of the cluster are only read; values are compared in a private CoreDNS, which nobody
else asks.
"""

import pytest

from clusterdns.experiments.gather import Gather
from clusterdns.experiments.logs_and_metrics.experiment import Reporting
from clusterdns.experiments.logs_and_metrics.questions import METERED
from clusterdns.inventory.replica_pages import Fetched, build_version, missing_series
from clusterdns.inventory.series import Series, expected_series, missing

PLUGINS = ("prometheus", "cache", "forward", "health", "reload", "template")


@pytest.mark.level("advice")
def test_replica_has_the_series_of_its_plugins(
    replica_metrics: tuple[Fetched, ...], replica_series: tuple[Series, ...]
) -> None:
    """Each replica should have the series of each plugin in its Corefile, with their labels."""
    lacking = missing_series(replica_metrics, replica_series)
    assert (bool(replica_metrics), lacking) == (True, {}), lacking or "there is no replica to ask"


@pytest.mark.level("advice")
def test_metrics_come_through_the_service(service_metrics: tuple[Fetched, ...]) -> None:
    """Where the DNS Service has a port for metrics, they should come from it on every node."""
    wrong = [str(one) for one in service_metrics if not build_version(one)]
    assert (bool(service_metrics), wrong) == (True, []), "\n".join(wrong) or "nobody asked"


@pytest.mark.slow
@pytest.mark.parametrize("series", expected_series(PLUGINS, "use"), ids=lambda s: s.name)
def test_plugin_in_use_has_series(reporting: Reporting, series: Series) -> None:
    """A plugin that is in use must have its series, with the labels that are documented."""
    assert missing(reporting.metrics, [series]) == (), missing(reporting.metrics, [series])


@pytest.mark.slow
def test_counters_move_as_questions_do(reporting: Reporting) -> None:
    """Requests, responses and sizes must be counted as they were, by their labels."""
    counted, right = reporting.counted, reporting.counted_right
    differing = {
        key: f"{counted.get(key, 0)} are counted, it were {right.get(key, 0)}"
        for key in counted.keys() | right.keys()
        if counted.get(key) != right.get(key)
    }
    assert differing == {}, differing


@pytest.mark.slow
def test_metered_questions_are_answered(reporting: Reporting, gather: Gather) -> None:
    """The questions that are counted must be answered as their upstream does."""
    answers = gather(*reporting.answers[METERED].values(), reporting.again)
    assert answers.deviating_from(reporting.expected) == {}, answers
