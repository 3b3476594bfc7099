"""An object that the API server refuses costs what needs it, and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.experiments.context import ExperimentContext
from clusterdns.objects.made import NotMadeError
from clusterdns.objects.records import Records, make_records
from clusterdns.objects.updates import Changes
from clusterdns.testbed.testbed import Testbed, Workspace

from .places import Recorder, inventory, node, workspace

DOMAIN = "cluster.local"
Refuses = Callable[[Manifest], bool]


class Api(Recorder):
    """Gives each Service a cluster IP, as the API server does."""

    def create_all(self, manifests: Sequence[Manifest]) -> list[Manifest]:
        """Make many objects."""
        return super().create_all([self._given(each) for each in manifests])

    @staticmethod
    def _given(made: Manifest) -> Manifest:
        return made | {"spec": {"clusterIPs": ["10.96.0.9"], **made.get("spec", {})}}


def place(folder: Path, refuses: Refuses = lambda _: False) -> Workspace:
    """A workspace with two namespaces whose API server refuses some objects."""
    made = workspace(folder, inventory((node("a"),), ()), Recorder())
    cluster = cast(Cluster, Api(refuses=refuses))
    return replace(made, cluster=cluster, second_namespace=f"{made.namespace}-b")


def records(folder: Path, refuses: Refuses) -> Records:
    """The records of a run there."""
    return make_records(place(folder, refuses), DOMAIN)


def is_external(manifest: Manifest) -> bool:
    """What some clusters forbid, for CVE-2020-8554 and its kin."""
    return bool(manifest.get("spec", {}).get("type") == "ExternalName")


def test_without_external_names_all_others_are_asked(tmp_path: Path) -> None:
    """Each alias is refused in the policy's words; Services of other types are there."""
    made = records(tmp_path, is_external)

    with pytest.raises(NotMadeError, match=r"Service alias could not be made: .*policy p denied"):
        _ = made.alias
    with pytest.raises(NotMadeError, match="Service inside could not be made"):
        _ = made.edge_cases.aliases
    assert made.web.cluster_ips == ("10.96.0.9",)
    assert made.peers.endpoints
    assert len(made.edge_cases.all_headless) > 5
    assert len(made.edge_cases.with_cluster_ip) > 5
    assert made.canary.endpoints


def test_without_slices_those_with_a_cluster_ip_are_asked(tmp_path: Path) -> None:
    """No headless Service is whole then, the canary is another one."""
    made = records(tmp_path, lambda each: bool(each["kind"] == "EndpointSlice"))

    for missing in (
        lambda: made.peers,
        lambda: made.thousand_addresses,
        lambda: made.edge_cases.all_headless,
    ):
        with pytest.raises(NotMadeError, match=r"EndpointSlice [a-z0-9-]+ could not be made"):
            missing()
    assert made.web
    assert made.alias
    assert made.edge_cases.with_cluster_ip
    assert made.edge_cases.aliases
    assert (made.canary.refused, made.canary.endpoints) == ("", ())


def test_one_slice_that_is_refused_costs_its_service(tmp_path: Path) -> None:
    """A Service of three slices is nothing with two."""
    made = records(tmp_path, lambda each: bool(each["metadata"]["name"] == "thousand-addresses-2"))

    with pytest.raises(NotMadeError, match="thousand-addresses-2"):
        _ = made.thousand_addresses
    assert made.hundred_addresses


def test_without_services_nothing_is_asked(tmp_path: Path) -> None:
    """That is no exception of the set-up: what needs none of them can be judged."""
    made = records(tmp_path, lambda each: bool(each["kind"] == "Service"))

    with pytest.raises(NotMadeError, match="Service web"):
        _ = made.web
    with pytest.raises(NotMadeError, match="Service canary-2"):
        _ = made.canary


def test_a_change_that_lacks_its_object_says_so(tmp_path: Path) -> None:
    """The changes of aliases cannot be tried, all others can."""
    here = place(tmp_path)
    planned = Changes(here, DOMAIN)
    external = [each for each in planned.manifests() if is_external(each)]
    places = {("Service", e["metadata"]["namespace"], e["metadata"]["name"]) for e in external}
    context = ExperimentContext(
        Testbed(here, {}, {}, {}), "a", refused=dict.fromkeys(places, "policy p denied it")
    )

    refused = {c.name for c in planned.all() if context.why_refused(planned.manifests_of(c))}

    assert refused == {"external name edited", "external name to cluster ip"}
