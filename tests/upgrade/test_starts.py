"""Whether the target starts with what is here: Corefile, rights, settings, probes, and nodes."""

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.permissions import without
from clusterdns.inventory.shape import wanted_replicas
from clusterdns.upgrade.roll_out import gaps, hindrances, tight_budgets
from clusterdns.upgrade.upgrade import Upgrade

pytestmark = [pytest.mark.quick, pytest.mark.about("upgrade"), pytest.mark.needs("dns-objects")]


def test_target_takes_the_corefile(upgrade: Upgrade) -> None:
    """The target must know every plugin and option of the Corefile, and of what it imports."""
    found = upgrade.refusals()
    assert found == [], f"{upgrade.target} does not start:\n" + "\n".join(found)


def test_replicas_may_read_what_the_target_reads(
    cluster: Cluster, dns_accounts: tuple[str, ...], upgrade: Upgrade
) -> None:
    """The replicas must be allowed to list and watch all that the target answers from."""
    denied = [
        f"{user} may not {right.verb} {right.resource}{f'.{right.group}' * bool(right.group)}"
        for right in upgrade.rights()
        for user in without(cluster, dns_accounts, right)
    ]
    assert denied == [], (
        f"{upgrade.target} does not become ready: {'; '.join(denied)}; give list and watch to the "
        "ClusterRole of the replicas before the upgrade"
    )


def test_image_of_the_target_runs(upgrade: Upgrade) -> None:
    """User and capabilities of the replicas must be such that the target's image runs."""
    found = upgrade.hindrances()
    assert found == [], f"{upgrade.target} does not start: " + "\n".join(found)


def test_probes_are_answered(upgrade: Upgrade) -> None:
    """The Corefile must have the pages that the kubelet asks the new replicas for."""
    found = upgrade.unanswered_probes()
    assert found == [], "\n".join(found)


def test_roll_out_comes_to_its_end(inventory: Inventory) -> None:
    """A node must be there for each new replica, beside the old ones that must stay."""
    found = [one for each in inventory.workloads for one in hindrances(each, inventory.nodes)]
    assert found == [], "\n".join(found)


@pytest.mark.level("advice")
def test_somebody_answers_during_the_roll_out(inventory: Inventory) -> None:
    """While a roll-out takes place at least one ready replica should be there."""
    ready = len(inventory.ready_pods)
    found = [one for each in inventory.workloads for one in gaps(each, ready)]
    assert found == [], "\n".join(found)


@pytest.mark.level("advice")
def test_budgets_let_a_replica_go(inventory: Inventory, budgets: tuple[Manifest, ...]) -> None:
    """A PodDisruptionBudget should let one replica go at a time."""
    labels = dict((inventory.pods or ({"metadata": {}},))[0]["metadata"].get("labels") or {})
    ready, wanted = len(inventory.ready_pods), wanted_replicas(inventory)
    found = list(tight_budgets(budgets, labels, ready, wanted))
    assert found == [], "\n".join(found)
