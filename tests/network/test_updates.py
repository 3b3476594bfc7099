"""Changes of objects become visible on every replica: in the time of a watch, and of the cache.

The latency that is measured is the one of Kubernetes' DNS programming SLI: from the moment when
the API server has the change to the first right answer of each replica.
"""

import pytest

from clusterdns.experiments.gather import Gather
from clusterdns.experiments.updates.experiment import Update
from clusterdns.experiments.updates.unready_pod import READINESS
from clusterdns.objects.updates import CHANGES
from clusterdns.objects.wanted import each


@pytest.mark.spec("N9")
@pytest.mark.parametrize("update", CHANGES, indirect=True)
def test_change_is_visible_on_every_replica(update: Update, gather: Gather) -> None:
    """Every replica must show a change within the time of a watch and what its cache keeps."""
    answers = gather(*update.after.answers)
    assert answers.deviating_from(each(update.wanted)) == {}, update


@pytest.mark.spec("2.1-ready-b", "N9")
@pytest.mark.parametrize("update", READINESS, indirect=True)
def test_pod_is_published_as_its_service_wants(update: Update, gather: Gather) -> None:
    """A pod that is not ready must be listed as long as its Service publishes it, and only then."""
    answers = gather(*update.after.answers)
    assert answers.deviating_from(each(update.wanted)) == {}, update
