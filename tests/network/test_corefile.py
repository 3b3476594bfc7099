"""The Corefile of the cluster's own CoreDNS: read by a parser, judged for the version that runs."""

import pytest

from clusterdns.corefile import Corefile, CorefileError, Reading, findings
from clusterdns.corefile.directives import directives, version_of
from clusterdns.inventory.in_effect import InEffect
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.places import told
from clusterdns.testbed.testbed import Testbed

pytestmark = pytest.mark.about("corefile")

WANTED_EVERYWHERE = ["errors", "health", "ready", "prometheus", "loop", "reload", "cache"]


@pytest.fixture
def wanted_plugins(coredns_version: str) -> frozenset[str]:
    """Those of the wanted plugins that the running version has."""
    return directives().known_to(version_of(coredns_version)) & set(WANTED_EVERYWHERE)


@pytest.mark.usefixtures("corefile_shown")
@pytest.mark.needs("dns-objects")
def test_corefile_can_be_read(inventory: Inventory) -> None:
    """The ConfigMap must hold a Corefile without a syntax error: the next restart reads it."""
    found = inventory.corefile
    why = told(inventory, found) if isinstance(found, CorefileError) else "there is no Corefile"
    assert isinstance(found, Corefile), why


def test_running_version_would_start_with_it(
    inventory: Inventory, corefile: Corefile, coredns_version: str
) -> None:
    """The CoreDNS version that runs must know every plugin and option of its Corefile."""
    found = findings(corefile, coredns_version)
    errors = [told(inventory, one) for one in found if one.level == "error"]
    assert errors == [], "\n".join(errors)


@pytest.mark.quick
@pytest.mark.usefixtures("some_probe")
def test_it_serves_the_cluster_domain(corefile: Corefile, testbed: Testbed) -> None:
    """The zone of the kubernetes plugin must be the domain that kubelets give to pods."""
    zones = {zone for one in Reading(corefile).all_kubernetes() for zone in one.zones}
    assert testbed.zone in zones, f"pods search {testbed.zone}, the Corefile serves {sorted(zones)}"


@pytest.mark.about("running-corefile")
@pytest.mark.level("advice")
def test_what_runs_is_the_configmap(in_effect: InEffect) -> None:
    """Every replica should run the Corefile that the ConfigMap holds, not one from before."""
    assert in_effect.outdated() == {}, in_effect


@pytest.mark.level("advice")
@pytest.mark.parametrize(
    "plugin",
    [pytest.param(name, marks=pytest.mark.about(f"plugin-{name}")) for name in WANTED_EVERYWHERE],
)
def test_it_has_plugin(corefile: Corefile, wanted_plugins: frozenset[str], plugin: str) -> None:
    """Plugins that every operator misses once they are needed should be there."""
    missing = wanted_plugins - {one.name for _, one in Reading(corefile).plugins()}
    assert plugin not in missing, f"no server block of the Corefile has {plugin}"


def test_it_forwards_what_is_not_its_own(corefile: Corefile) -> None:
    """Names outside the cluster must be forwarded, or nothing outside can be resolved."""
    assert Reading(corefile).upstreams("."), "no forward for the zone . in the Corefile"


@pytest.mark.about("corefile-advice")
@pytest.mark.level("advice")
def test_nothing_in_it_is_likely_to_hurt(
    inventory: Inventory, corefile: Corefile, coredns_version: str
) -> None:
    """Settings that are legal and known to cause trouble should not be there."""
    addresses = [*inventory.cluster_ips, *(replica.address for replica in inventory.replicas)]
    found = findings(corefile, coredns_version, dns_addresses=addresses)
    advice = [told(inventory, finding) for finding in found if finding.level == "advice"]
    assert advice == [], "\n".join(advice)
