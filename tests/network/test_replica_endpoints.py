"""Health, readiness and metrics of each replica, asked from every node."""

import pytest

from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.replica_pages import Pages, build_version, fetch_pages, values_of
from clusterdns.testbed.testbed import Testbed


@pytest.fixture(scope="module")
def pages(testbed: Testbed, wire_exact: None) -> Pages:
    """The pages of every replica as seen from every node."""
    return fetch_pages(testbed.probes, testbed.workspace.inventory)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/health", marks=pytest.mark.needs("health")),
        pytest.param("/ready", marks=pytest.mark.needs("ready")),
    ],
)
def test_replica_answers_ok(pages: Pages, path: str) -> None:
    """Each replica must answer 200 OK where its own Corefile says that the page is."""
    seen = pages.at(path)
    wrong = [str(one) for one in seen if (one.page.status, one.page.body.strip()) != (200, "OK")]
    assert (bool(seen), wrong) == (True, []), "\n".join(wrong) or "there is no replica to ask"


@pytest.mark.needs("metrics")
def test_replica_shows_metrics(pages: Pages) -> None:
    """Each replica must show metrics that name its build."""
    seen = pages.at("/metrics")
    wrong = [str(one) for one in seen if not build_version(one)]
    assert (bool(seen), wrong) == (True, []), "\n".join(wrong) or "there is no replica to ask"


@pytest.mark.level("advice")
@pytest.mark.needs("metrics")
def test_running_version_is_that_of_the_image(pages: Pages, inventory: Inventory) -> None:
    """The version that a replica says it runs should be the one its image is named after."""
    running = {build_version(one) for one in pages.at("/metrics")}
    assert running == {inventory.coredns_version}, f"{running} run, the image is {inventory.image}"


@pytest.mark.needs("metrics")
def test_no_replica_has_panicked(pages: Pages) -> None:
    """CoreDNS counts the panics that it survives: there must be none."""
    panics = values_of(pages.at("/metrics"), "coredns_panics_total")
    assert set(panics.values()) == {0.0}, panics or "there is no replica to ask"
