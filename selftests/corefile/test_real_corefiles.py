"""Corefiles as the well-known distributions ship them: each means what is written of it."""

from pathlib import Path
from typing import Any

import pytest

from clusterdns.corefile import Reading, findings, parse
from selftests.corefile.corefiles import BROKEN, WHOLE, cases, table, text_of

CASES = cases("whole")
CLUSTER = cases("whole", having="zone")
GONE = cases("whole", having="gone")


def reading_of(name: str) -> Reading:
    """The Corefile of this name, read."""
    return Reading(parse(text_of(name)))


def test_every_corefile_has_an_expectation() -> None:
    """The table and the folders must name the same Corefiles."""
    assert sorted(table("whole")) == sorted(path.stem for path in WHOLE)
    assert sorted(table("broken")) == sorted(path.stem for path in BROKEN)


@pytest.mark.parametrize(("name", "entry"), CASES)
def test_its_own_version_accepts_it(name: str, entry: dict[str, Any]) -> None:
    """A version must not be said to refuse what it was shipped with."""
    found = findings(parse(text_of(name)), entry["version"])
    assert [str(one) for one in found if one.level == "error"] == []


@pytest.mark.parametrize(("name", "entry"), GONE)
def test_another_version_refuses_it(name: str, entry: dict[str, Any]) -> None:
    """Each line that a version does not know must be named, and no other."""
    found = findings(parse(text_of(name)), entry["gone"])
    assert [one.line for one in found if one.level == "error"] == entry["errors"], found


@pytest.mark.parametrize(("name", "entry"), CLUSTER)
def test_kubernetes_settings(name: str, entry: dict[str, Any]) -> None:
    """Zone, pod mode and TTL are those of the kubernetes plugin."""
    kubernetes = reading_of(name).kubernetes()
    assert kubernetes is not None
    found = (kubernetes.primary_zone, kubernetes.pods, kubernetes.ttl)
    assert found == (entry["zone"], entry["pods"], entry["ttl"])


@pytest.mark.parametrize(("name", "entry"), CLUSTER)
def test_how_long_the_cluster_zone_is_cached(name: str, entry: dict[str, Any]) -> None:
    """The bound for an outdated answer comes from cap, TTL, floor and excluded zones."""
    reading = reading_of(name)
    host = f"web.shop.svc.{entry['zone']}"
    found = [reading.cached_seconds(host, negative) for negative in (False, True)]
    assert found == entry["cached"]


@pytest.mark.parametrize(("name", "entry"), CASES)
def test_how_long_other_names_are_cached(name: str, entry: dict[str, Any]) -> None:
    """For a name outside the cluster with long-lived records the cap alone counts."""
    reading = reading_of(name)
    found = [
        reading.cached_seconds("example.com", negative, ttl=86400) for negative in (False, True)
    ]
    assert found == entry["outside"]


@pytest.mark.parametrize(("name", "entry"), CASES)
def test_upstreams(name: str, entry: dict[str, Any]) -> None:
    """A name outside goes to the upstreams of the block of the longest matching zone."""
    found = reading_of(name).upstreams("example.com")
    assert list(found) == entry["upstreams"]


@pytest.mark.parametrize(("name", "entry"), CASES)
def test_features(name: str, entry: dict[str, Any]) -> None:
    """Features are named when they are configured, and only then."""
    found = reading_of(name).features
    assert found >= set(entry["has"])
    assert found.isdisjoint(entry["has_not"])


@pytest.mark.parametrize(("name", "entry"), CASES)
def test_reload_interval(name: str, entry: dict[str, Any]) -> None:
    """The longest time between two looks at the file is interval plus half of the jitter."""
    reload = reading_of(name).reload
    assert (reload.longest if reload else None) == entry.get("reload")


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_text_and_model_mean_the_same(path: Path) -> None:
    """A Corefile that is written from its model must read as that model."""
    corefile = parse(path.read_text())
    assert parse(corefile.to_text()) == corefile


def test_the_block_of_the_longest_zone_serves_a_name() -> None:
    """Stub domains and reverse networks go to their own blocks."""
    reading = reading_of("stub-domains")
    zones = {
        name: block.zones[0]
        for name in ("a.corp.example", "corp.example.", "acorp.example", "5.20.172.in-addr.arpa")
        if (block := reading.block_for(name))
    }
    assert zones == {
        "a.corp.example": "corp.example.",
        "corp.example.": "corp.example.",
        "acorp.example": ".",
        "5.20.172.in-addr.arpa": "16.172.in-addr.arpa.",
    }


def test_excepted_zones_are_not_forwarded() -> None:
    """A name below a zone in `except` has no upstream."""
    assert reading_of("stub-domains").upstreams("x.internal.example") == ()


def test_a_denial_that_falls_through_is_kept_for_the_cap() -> None:
    """In a reverse zone an upstream may have said that there is no such name."""
    reading = reading_of("eks")
    found = [
        reading.cached_seconds("1.0.96.10.in-addr.arpa", negative) for negative in (False, True)
    ]
    assert found == [5, 30]


def test_files_bring_what_is_imported() -> None:
    """With the text of imported files at hand their blocks and plugins count."""
    files = {
        "/etc/coredns/custom/log.override": "log\n",
        "/etc/coredns/custom/corp.server": "corp.example:53 {\n  forward . 192.0.2.1\n}\n",
        "/etc/coredns/custom/README": "not imported",
    }
    reading = Reading(parse(text_of("k3s"), files))
    assert (reading.has("log"), len(reading.blocks)) == (True, 2)
    assert "unresolved-imports" not in reading.features
