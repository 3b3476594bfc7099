"""The Corefile of the cluster's own CoreDNS: read by a parser, judged for the version that runs."""

import pytest

from clusterdns.corefile import Corefile, Reading, findings
from clusterdns.corefile.directives import directives, version_of
from clusterdns.inventory.in_effect import InEffect
from clusterdns.inventory.inventory import Inventory
from clusterdns.testbed.testbed import Testbed

WANTED_EVERYWHERE = ["errors", "health", "ready", "prometheus", "loop", "reload", "cache"]


@pytest.fixture
def wanted_plugins(coredns_version: str) -> frozenset[str]:
    """Those of the wanted plugins that the running version has."""
    return directives().known_to(version_of(coredns_version)) & set(WANTED_EVERYWHERE)


@pytest.mark.usefixtures("corefile_shown")
def test_corefile_can_be_read(inventory: Inventory) -> None:
    """The ConfigMap must hold a Corefile without a syntax error: the next restart reads it."""
    assert isinstance(inventory.corefile, Corefile), (
        f"{inventory.corefile or 'no Corefile'} in configmap {inventory.config_map}"
    )


def test_running_version_would_start_with_it(corefile: Corefile, coredns_version: str) -> None:
    """The CoreDNS version that runs must know every plugin and option of its Corefile."""
    errors = [str(f) for f in findings(corefile, coredns_version) if f.level == "error"]
    assert errors == [], "\n".join(errors)


@pytest.mark.quick
@pytest.mark.usefixtures("some_probe")
def test_it_serves_the_cluster_domain(corefile: Corefile, testbed: Testbed) -> None:
    """The zone of the kubernetes plugin must be the domain that kubelets give to pods."""
    zones = {zone for one in Reading(corefile).all_kubernetes() for zone in one.zones}
    assert testbed.zone in zones, f"pods search {testbed.zone}, the Corefile serves {sorted(zones)}"


@pytest.mark.level("advice")
def test_what_runs_is_the_configmap(in_effect: InEffect) -> None:
    """Every replica should run the Corefile that the ConfigMap holds, not one from before."""
    assert in_effect.outdated() == {}, in_effect


@pytest.mark.level("advice")
@pytest.mark.parametrize("plugin", WANTED_EVERYWHERE)
def test_it_has_plugin(corefile: Corefile, wanted_plugins: frozenset[str], plugin: str) -> None:
    """Plugins that every operator misses once they are needed should be there."""
    missing = wanted_plugins - {one.name for _, one in Reading(corefile).plugins()}
    assert plugin not in missing, f"no server block of the Corefile has {plugin}"


def test_it_forwards_what_is_not_its_own(corefile: Corefile) -> None:
    """Names outside the cluster must be forwarded, or nothing outside can be resolved."""
    assert Reading(corefile).upstreams("."), "no forward for the zone . in the Corefile"


@pytest.mark.level("advice")
def test_nothing_in_it_is_likely_to_hurt(
    inventory: Inventory, corefile: Corefile, coredns_version: str
) -> None:
    """Settings that are legal and known to cause trouble should not be there."""
    addresses = [*inventory.cluster_ips, *(replica.address for replica in inventory.replicas)]
    found = findings(corefile, coredns_version, dns_addresses=addresses)
    advice = [str(finding) for finding in found if finding.level == "advice"]
    assert advice == [], "\n".join(advice)
