"""Services that hide names outside by the search list, and those that do not."""

import pytest

from clusterdns.cluster import RUN_LABEL, Manifest
from clusterdns.corefile import Reading, parse
from clusterdns.inventory.shadowed import outside_zones, shadowed


def service(name: str, namespace: str, **labels: str) -> Manifest:
    """A Service as the API has it."""
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}


@pytest.mark.parametrize("namespace", ["com", "io", "org", "consul"])
def test_service_below_a_domain_of_the_outside_hides_a_name(namespace: str) -> None:
    """Top-level domains, and zones of one label that the Corefile sends elsewhere."""
    reading = Reading(
        parse(".:53 {\n forward . 1.1.1.1\n}\nconsul:53 {\n forward . 192.0.2.1\n}\n")
    )
    found = shadowed([service("web", namespace)], outside_zones(reading))
    assert found == [f"web.{namespace} leads to the Service {namespace}/web"]


def test_others_hide_nothing() -> None:
    """Usual namespaces, zones of two labels, and what this run made itself."""
    reading = Reading(
        parse(".:53 {\n forward . 1.1.1.1\n}\na.corp:53 {\n forward . 192.0.2.1\n}\n")
    )
    ours = service("web", "com", **{RUN_LABEL: "x"})
    usual = [service("kube-dns", "kube-system"), service("web", "shop"), service("web", "corp")]
    assert outside_zones(reading) == frozenset()
    assert shadowed([*usual, ours], outside_zones(reading)) == []
