"""What the ServiceAccount of cluster DNS may do, as the API server itself says."""

import pytest

from clusterdns.cluster import Cluster
from clusterdns.serving.inventory import Inventory
from clusterdns.serving.permissions import NEEDED, UNNEEDED, Right, is_allowed, service_account

pytestmark = pytest.mark.about("permissions")


@pytest.mark.parametrize("right", NEEDED, ids=str)
def test_replicas_may(cluster: Cluster, inventory: Inventory, right: Right) -> None:
    """CoreDNS must be allowed to read what it answers from (plugin/kubernetes, RBAC)."""
    who = service_account(inventory)
    assert is_allowed(cluster, who, right), (
        f"{who} may not {right.verb} {right.resource}: names in the cluster domain are then "
        "answered with SERVFAIL; mend the ClusterRole system:coredns and restart the replicas"
    )


@pytest.mark.level("advice")
@pytest.mark.parametrize("right", UNNEEDED, ids=str)
def test_replicas_may_not(cluster: Cluster, inventory: Inventory, right: Right) -> None:
    """CoreDNS should not be allowed more than it needs."""
    who = service_account(inventory)
    assert not is_allowed(cluster, who, right), f"{who} may {right.verb} {right.resource}"
