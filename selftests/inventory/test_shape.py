"""What pods are told to ask must be the DNS Service, or a cache that their node really has."""

from collections.abc import Mapping

import pytest

from clusterdns.inventory.shape import strange_nameservers
from clusterdns.resolvconf import ResolvConf

CACHE = "169.254.20.10"


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
    told: list[str],
    node_local: Mapping[str, tuple[str, ...]],
    strange: tuple[str, ...],
) -> None:
    """A link-local address is right only where a cache listens on it."""
    confs = {"a": ResolvConf(tuple(told), ())}
    found = strange_nameservers(confs, ["10.96.0.10"], node_local)
    assert found == ({"a": strange} if strange else {})
