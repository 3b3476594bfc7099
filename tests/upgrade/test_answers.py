"""Two private CoreDNS beside the same objects: the version that runs, and the target."""

from collections.abc import Sequence

import pytest

from clusterdns.experiments.upgraded.experiment import Upgraded
from clusterdns.upgrade.changes import Met
from clusterdns.upgrade.explained import (
    explained,
    known_in_words,
    lost_series,
    unknown_in_words,
)

pytestmark = [pytest.mark.about("upgrade"), pytest.mark.needs("dns-objects")]


@pytest.mark.level("may")
def test_no_known_change_is_seen(
    upgraded: Upgraded, met_in_trial: Sequence[Met], met: Sequence[Met]
) -> None:
    """Answers may differ from those of the version that runs by changes that are known."""
    known, _ = explained(met_in_trial, upgraded.seen)
    lost, _ = lost_series(met_in_trial, *upgraded.metrics)
    found = [*known_in_words(met_in_trial, known, met), *lost]
    assert found == [], f"{upgraded}\n" + "\n".join(found)


@pytest.mark.level("advice")
def test_no_unknown_difference_is_seen(upgraded: Upgraded, met_in_trial: Sequence[Met]) -> None:
    """No answer should differ from that of the version that runs without a known reason."""
    _, unknown = explained(met_in_trial, upgraded.seen)
    _, lost = lost_series(met_in_trial, *upgraded.metrics)
    found = [*unknown_in_words(unknown), *lost]
    assert found == [], f"{upgraded}\n" + "\n".join(found)
