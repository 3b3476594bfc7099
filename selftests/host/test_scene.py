"""Objects that controllers write too are written over all the same."""

from typing import Any, cast

import pytest
from kubernetes.client import ApiException

from trials.cluster import Breakable
from trials.faults.scene import TRIES, Scene


class Contested:
    """An API server whose Deployment is written by somebody else so many times meanwhile."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts = conflicts
        self.version = 1
        self.thing: dict[str, Any] = {"metadata": {"name": "coredns"}, "spec": {"replicas": 2}}

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """The object as it is."""
        return self.request("GET", "")

    def request(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Read it, or write it as whoever has seen the newest version."""
        if verb == "PUT":
            assert body is not None
            if self.conflicts:
                self.conflicts -= 1
                self.version += 1
            if body["metadata"]["resourceVersion"] != str(self.version):
                raise ApiException(status=409, reason="Conflict")
            self.thing = body
        meta = {**self.thing["metadata"], "resourceVersion": str(self.version)}
        return {**self.thing, "metadata": meta}


class Cluster:
    """A cluster with that API server alone."""

    def __init__(self, api: Contested) -> None:
        self.api = api


def scale(api: Contested) -> None:
    """Want three replicas."""
    scene = Scene(cast("Breakable", Cluster(api)))
    scene.change("Deployment", "coredns", lambda thing: thing["spec"].update(replicas=3))


def test_a_conflict_is_tried_again() -> None:
    """The change is put over what somebody else wrote meanwhile."""
    api = Contested(conflicts=TRIES - 1)
    scale(api)
    assert api.thing["spec"]["replicas"] == 3


def test_one_that_is_always_contested_is_an_error() -> None:
    """A change that cannot be made is told to whoever wanted it."""
    with pytest.raises(ApiException):
        scale(Contested(conflicts=TRIES))
