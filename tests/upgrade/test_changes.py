"""What the target does otherwise, as far as this Corefile and these objects can meet it."""

from collections.abc import Sequence

import pytest

from clusterdns.cluster import Manifest
from clusterdns.inventory.replica_pages import Fetched
from clusterdns.upgrade.changes import KINDS, Met
from clusterdns.upgrade.in_use import asked_types, lost_names

pytestmark = [pytest.mark.about("upgrade"), pytest.mark.needs("dns-objects")]


@pytest.mark.quick
@pytest.mark.level("may")
def test_nothing_known_changes(met: Sequence[Met]) -> None:
    """Answers, metrics, defaults and permissions may change from version to version."""
    found = [f"{kind}: {one}" for kind in KINDS for one in met if one.change.kind == kind]
    details = [one.details for one in met]
    assert found == [], "\n".join([*found, *details])


@pytest.mark.quick
@pytest.mark.level("advice")
def test_rules_name_metrics_that_stay(met: Sequence[Met], alert_rules: Sequence[Manifest]) -> None:
    """PrometheusRule objects should name no metric that the target does not have."""
    found = list(lost_names(met, alert_rules))
    assert found == [], "\n".join(found)


@pytest.mark.level("may")
def test_nobody_asks_for_what_changes(
    met: Sequence[Met], replica_metrics: Sequence[Fetched]
) -> None:
    """Somebody may ask for the types of records that the target answers otherwise."""
    found = list(asked_types(met, replica_metrics))
    assert found == [], "\n".join(found)
