"""Whose rights are judged: those of the pods that serve DNS, and nobody's where none is known."""

from dataclasses import replace
from typing import Any, cast

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.permissions import NEEDED, having, service_accounts, without

WORKLOAD: Manifest = {
    "metadata": {"name": "dns", "namespace": "dns-system"},
    "spec": {"template": {"spec": {"serviceAccountName": "resolver"}}},
}
NOTHING = Inventory("v1.34.4", (), None, (), None, (), None, None)


def pod(account: str, ready: bool = True, namespace: str = "dns-system") -> Manifest:
    """A replica that runs as this account."""
    return {
        "metadata": {"name": f"dns-{account}", "namespace": namespace},
        "spec": {"serviceAccountName": account},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


BARE = {"metadata": WORKLOAD["metadata"], "spec": {"template": {"spec": {}}}}


@pytest.mark.parametrize(
    ("known", "accounts"),
    [
        ({}, []),
        ({"workload": WORKLOAD}, ["dns-system:resolver"]),
        ({"workload": BARE}, ["dns-system:default"]),
        ({"workload": WORKLOAD, "pods": (pod("other"),)}, ["dns-system:other"]),
        ({"pods": (pod("a"), pod("b"), pod("c", False))}, ["dns-system:a", "dns-system:b"]),
        ({"pods": (pod("c", False),)}, ["dns-system:c"]),
        ({"pods": (pod("dns", namespace="elsewhere"),)}, ["elsewhere:dns"]),
    ],
    ids=["nobody", "workload", "no-name", "pods-say-it", "ready-ones", "none-ready", "elsewhere"],
)
def test_accounts_are_those_of_the_pods(known: dict[str, Any], accounts: list[str]) -> None:
    """No account is judged because of its name."""
    found = service_accounts(replace(NOTHING, **known))
    assert found == tuple(f"system:serviceaccount:{each}" for each in accounts)


class Reviewer:
    """An API server by which only one account has rights."""

    def create(self, review: Manifest) -> Manifest:
        """A SubjectAccessReview, answered."""
        return {"status": {"allowed": review["spec"]["user"].endswith(":a")}}


def test_each_account_is_asked_about() -> None:
    """Those without a right are told from those that have it."""
    users = ["system:serviceaccount:dns-system:a", "system:serviceaccount:dns-system:b"]
    cluster = cast(Cluster, Reviewer())
    assert having(cluster, users, NEEDED[0]) == users[:1]
    assert without(cluster, users, NEEDED[0]) == users[1:]
