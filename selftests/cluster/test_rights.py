"""On a real API server: our CoreDNS may list and watch, whatever the cluster's own one may do."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from clusterdns.cluster import Cluster
from clusterdns.inventory.permissions import NEEDED, UNNEEDED, having, without
from clusterdns.run.identity import RunId
from selftests.cluster.sessions import PROJECT, Sessions, ours_in
from trials.cluster import Breakable

KEPT = ("ClusterRole", "ClusterRoleBinding")


@pytest.fixture
def _legacy_binding(cluster: Cluster) -> Iterator[None]:
    """The account of the cluster's CoreDNS may do anything, as some old installers left it."""
    name = f"selftest-{RunId.new()}"
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}],
    }
    cluster.create(binding)
    yield
    cluster.delete("ClusterRoleBinding", name)


@pytest.mark.usefixtures("_legacy_binding")
def test_no_rights_are_handed_on(
    cluster: Cluster, selftest_cluster: Breakable, sessions: Sessions
) -> None:
    """The role is the run's own, has list and watch only, and goes with its binding."""
    told = sessions.against(selftest_cluster)
    kept = sessions.pytest("-k", "test_forwarding", "--keep", *told)
    assert kept.end() == 0, kept.output
    left = [name for kind, _, name in ours_in(cluster) if kind in KEPT]
    (run,) = {name.removesuffix("-coredns") for name in left}
    ours = [f"system:serviceaccount:{run}:coredns"]
    assert [str(right) for right in NEEDED if without(cluster, ours, right)] == []
    assert [str(right) for right in UNNEEDED if having(cluster, ours, right)] == []
    assert len(left) == len(KEPT)

    cache = {"XDG_CACHE_HOME": str(kept.runs.parents[1])}
    argv = [sys.executable, "-m", "pytest", "tests", "--cleanup-only", *told]
    cleaned = subprocess.run(
        argv, cwd=PROJECT, env={**os.environ, **cache}, capture_output=True, text=True, timeout=120
    )
    assert cleaned.returncode == 0, cleaned.stdout
    assert [name for kind, _, name in ours_in(cluster) if kind in KEPT] == []
