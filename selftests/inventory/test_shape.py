"""What pods are told to ask must be the DNS Service, or a cache that their node really has."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.inventory.shape import strange_nameservers
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Site
from selftests.experiments.places import Recorder, inventory, node, replica, workspace

CACHE = "169.254.20.10"
SERVICE = {"metadata": {"name": "kube-dns"}, "spec": {"clusterIPs": ["10.96.0.10"]}}


@pytest.mark.parametrize(
    ("told", "node_local", "strange"),
    [
        (["10.96.0.10"], {}, ()),
        ([CACHE], {"a": (CACHE,)}, ()),
        ([CACHE, "10.96.0.10"], {"a": (CACHE, "10.96.0.10")}, ()),
        ([CACHE], {}, (CACHE,)),
        ([CACHE], {"b": (CACHE,)}, (CACHE,)),
        ([CACHE], {"a": ("169.254.25.10",)}, (CACHE,)),
        (["10.96.0.11", "10.96.0.10"], {}, ("10.96.0.11",)),
    ],
    ids=[
        "service",
        "cache",
        "both",
        "no-cache-at-all",
        "cache-on-another-node",
        "cache-listens-elsewhere",
        "one-of-two-is-nobody",
    ],
)
def test_nameserver_that_is_nobody_is_noticed(
    tmp_path: Path,
    told: list[str],
    node_local: Mapping[str, tuple[str, ...]],
    strange: tuple[str, ...],
) -> None:
    """A link-local address is right only where a cache listens on it."""
    found = replace(inventory((node("a"),), (replica("c", "a"),)), service=SERVICE)
    made = workspace(tmp_path, found, Recorder())
    site = Site(made, {}, {"a": ResolvConf(tuple(told), ())}, {})
    assert strange_nameservers(site, node_local) == ({"a": strange} if strange else {})
