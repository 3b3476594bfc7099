"""The Corefile of the cluster's own CoreDNS: read by a parser, judged for the version that runs."""

import pytest

from clusterdns.corefile import Corefile, Reading
from clusterdns.corefile.judge import findings
from clusterdns.inventory import Inventory
from clusterdns.site import Site

WANTED_EVERYWHERE = ["errors", "health", "ready", "prometheus", "loop", "reload", "cache"]


def test_corefile_can_be_read(inventory: Inventory) -> None:
    """The ConfigMap must hold a Corefile without a syntax error: the next restart reads it."""
    assert isinstance(inventory.corefile, Corefile), (
        f"{inventory.corefile or 'no Corefile'} in configmap {inventory.config_map}"
    )


def test_running_version_would_start_with_it(inventory: Inventory, corefile: Corefile) -> None:
    """The CoreDNS version that runs must know every plug-in and option of its Corefile."""
    errors = [
        str(finding)
        for finding in findings(corefile, inventory.coredns_version or "1.12")
        if finding.level == "error"
    ]
    assert errors == [], "\n".join(errors)


@pytest.mark.quick
def test_it_serves_the_cluster_domain(corefile: Corefile, site: Site) -> None:
    """The zone of the kubernetes plug-in must be the domain that kubelets give to pods."""
    zones = {zone for one in Reading(corefile).all_kubernetes() for zone in one.zones}
    assert site.zone in zones, f"pods search {site.zone}, the Corefile serves {sorted(zones)}"


@pytest.mark.level("advice")
@pytest.mark.parametrize("plugin", WANTED_EVERYWHERE)
def test_it_has_plugin(corefile: Corefile, plugin: str) -> None:
    """Plug-ins that every operator misses once they are needed should be there."""
    assert Reading(corefile).has(plugin, "."), f"no {plugin} in the server block that serves ."


def test_it_forwards_what_is_not_its_own(corefile: Corefile) -> None:
    """Names outside the cluster must be forwarded, or nothing outside can be resolved."""
    assert Reading(corefile).upstreams("."), "no forward for the zone . in the Corefile"


@pytest.mark.level("advice")
def test_nothing_in_it_is_likely_to_hurt(inventory: Inventory, corefile: Corefile) -> None:
    """Settings that are legal and known to cause trouble should not be there."""
    version = inventory.coredns_version or "1.12"
    addresses = [*inventory.cluster_ips, *(replica.address for replica in inventory.replicas)]
    advice = [
        str(finding)
        for finding in findings(corefile, version, dns_addresses=addresses)
        if finding.level == "advice"
    ]
    assert advice == [], "\n".join(advice)
