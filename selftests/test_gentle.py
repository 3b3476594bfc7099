"""What a run costs: pods that are small and mortal, requests that are counted and few."""

from pathlib import Path
from typing import cast

import pytest
from kubernetes import client

from clusterdns.api_requests import CountingClient, Right, requests_of, right_of
from clusterdns.cluster import Cluster, Manifest
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.cuttable_api import forwarder
from clusterdns.run.identity import RunId
from clusterdns.testbed import manifests
from clusterdns.testbed.pod_list import PodList
from clusterdns.timeouts import Timeouts
from clusterdns.wait import GENTLY, Pace, eventually
from selftests.experiments.places import Recorder, inventory, workspace

RUN = RunId("dns-conf-00000000")


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/api/v1/namespaces/a/pods", Right("", "pods", "a", "list")),
        ("GET", "/api/v1/namespaces/a/pods?watch=true", Right("", "pods", "a", "watch")),
        ("GET", "/api/v1/namespaces/a/pods/b", Right("", "pods", "a", "get")),
        ("GET", "/api/v1/namespaces/a/pods/b/log?tailLines=1", Right("", "pods/log", "a", "get")),
        ("DELETE", "/api/v1/namespaces/a/pods", Right("", "pods", "a", "deletecollection")),
        ("DELETE", "/api/v1/namespaces/a", Right("", "namespaces", "", "delete")),
        ("GET", "/api/v1/nodes", Right("", "nodes", "", "list")),
        (
            "POST",
            "/apis/apps/v1/namespaces/a/deployments",
            Right("apps", "deployments", "a", "create"),
        ),
        ("PUT", "/api/v1/namespaces/a/configmaps/b", Right("", "configmaps", "a", "update")),
        ("PATCH", "/api/v1/namespaces/a/pods/b/status", Right("", "pods/status", "a", "patch")),
        ("GET", "/version", Right("", "/version", "", "get")),
    ],
)
def test_a_request_is_the_right_that_it_uses(method: str, path: str, right: Right) -> None:
    """As RBAC names it, also where the API server's own path stands before."""
    assert right_of(method, f"https://api.example:6443{path}") == right
    assert (
        right_of(method, f"https://proxy.example/clusters/one{path}") == right or "version" in path
    )


def test_all_connections_of_the_same_settings_count_together() -> None:
    """The lease's and every exec's connection too, whether the answer comes or not."""
    settings = client.Configuration(host="https://127.0.0.1:1")
    settings.retries = False
    for connection in (CountingClient(settings), CountingClient(settings)):
        with pytest.raises(Exception, match="refused"):
            Cluster(connection, "x").list("Node")
    requests_of(settings).note("GET", "/version")

    assert requests_of(settings).by_verb == {"total": 3, "get": 1, "list": 2}
    assert requests_of(client.Configuration()).by_verb == {}


def test_every_container_has_requests_and_limits(tmp_path: Path) -> None:
    """A quota that demands them lets us in, and a node that is full."""
    place = workspace(tmp_path, inventory((), ()), Recorder())
    private = OwnCoreDns(place, "x", {"Corefile": ""}, companions=[forwarder("tools:1")])
    for made in (private.pod(), manifests.pod(RUN, "x", "y", "tools:1")):
        for each in made["spec"]["containers"]:
            amounts: Manifest = each["resources"]
            assert set(amounts) == {"requests", "limits"}, each["name"]
            assert all(set(some) == {"cpu", "memory"} for some in amounts.values()), each["name"]


@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_every_pod_ends_by_itself(tmp_path: Path, scale: float) -> None:
    """Longer after its start than any run takes, however its deadlines are scaled."""
    timeouts = Timeouts().scaled(scale)
    place = workspace(tmp_path, inventory((), ()), Recorder(), timeouts)
    made = OwnCoreDns(place, "x", {"Corefile": ""}).pod()
    assert made["spec"]["activeDeadlineSeconds"] == 3600 * max(1.0, scale)


def test_looks_become_rarer() -> None:
    """What takes long is not asked for more often than it changes."""
    pauses = [GENTLY.first]
    while pauses[-1] < GENTLY.most:
        pauses.append(GENTLY.after(pauses[-1]))
    assert pauses == sorted(pauses)
    assert GENTLY.after(GENTLY.most) == GENTLY.most

    looks: list[int] = []
    eventually(lambda: looks.append(1), 1, within=0.4, every=Pace(0.1, 0.2, 2.0))
    assert len(looks) <= 4


def test_one_list_answers_all_who_wait() -> None:
    """A dozen pods are waited for with one request."""
    asked: list[tuple[str, ...]] = []

    class Listing:
        """A cluster of two pods."""

        def list(self, *words: str) -> list[Manifest]:
            """The pods."""
            asked.append(words)
            return [{"metadata": {"name": name}} for name in ("one", "two")]

    pod_list = PodList(cast(Cluster, Listing()), "run=x")
    found = [pod_list.pod("ours", name) for name in ("one", "two", "three")]

    assert [pod.get("metadata", {}).get("name") for pod in found] == ["one", "two", None]
    assert asked == [("Pod", "ours", "run=x")]
