"""What the ServiceAccount of cluster DNS may do, as the API server itself says."""

import pytest

from clusterdns.cluster import Cluster
from clusterdns.inventory.permissions import (
    NEEDED,
    NEEDED_BY_OPTIONS,
    UNNEEDED,
    Right,
    having,
    without,
)

pytestmark = pytest.mark.about("permissions")


BY_OPTIONS = [
    pytest.param(right, marks=pytest.mark.needs(feature))
    for feature, rights in NEEDED_BY_OPTIONS.items()
    for right in rights
]


@pytest.mark.parametrize("right", [*NEEDED, *BY_OPTIONS], ids=str)
def test_replicas_may(cluster: Cluster, dns_accounts: tuple[str, ...], right: Right) -> None:
    """CoreDNS must be allowed to read what it answers from (plugin/kubernetes, RBAC)."""
    denied = without(cluster, dns_accounts, right)
    assert denied == [], (
        f"{', '.join(denied)} may not {right.verb} {right.resource}: CoreDNS then does not become "
        "ready, and names in the cluster domain are answered with SERVFAIL; give list and watch to "
        "a ClusterRole that is bound to it"
    )


@pytest.mark.level("advice")
@pytest.mark.parametrize("right", UNNEEDED, ids=str)
def test_replicas_may_not(cluster: Cluster, dns_accounts: tuple[str, ...], right: Right) -> None:
    """CoreDNS should not be allowed more than it needs."""
    allowed = having(cluster, dns_accounts, right)
    assert allowed == [], f"{', '.join(allowed)} may {right.verb} {right.resource}"
