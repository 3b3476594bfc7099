"""Whether what a remedy names is there: objects and pods in the namespace that it gives."""

from typing import Any, cast

import pytest

from clusterdns.cluster import Cluster
from trials.healthy.shapes.remedies import absent

THERE = {("ConfigMap", "dns-default", "openshift-dns"), ("Service", "kube-dns", "kube-system")}


class Api:
    """An API server with two objects and the pods of one label."""

    def find(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """The object of that name."""
        return {} if (kind, name, namespace) in THERE else None

    def list(self, kind: str, namespace: str, labels: str) -> list[dict[str, Any]]:
        """The pods with a label."""
        return [{}] if (namespace, labels) == ("kube-system", "k8s-app=kube-dns") else []


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("kubectl --context c -n openshift-dns edit configmap/dns-default  # line 3", []),
        ("kubectl -n kube-system edit configmap/coredns", ["kube-system configmap/coredns"]),
        ("kubectl -n kube-system edit configmap/none  # NAME.override; make it if missing", []),
        ("kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide", []),
        ("kubectl -n x get pods -l a=b", ["x pods -l a=b"]),
        ("in the values of the Helm release kube-system/dns", []),
    ],
    ids=["there", "not-there", "to-be-made", "pods", "no-pods", "no-command"],
)
def test_what_a_remedy_names_is_there(line: str, missing: list[str]) -> None:
    """What is to be made by it may be missing."""
    assert absent(cast("Cluster", Api()), [line, line]) == missing
