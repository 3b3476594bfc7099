"""The cluster that these self-tests use."""

import os

import pytest

from clusterdns.cluster import Cluster
from clusterdns.run.reachable import connect


@pytest.fixture
def cluster() -> Cluster:
    """The cluster that the environment names."""
    kubeconfig = os.environ.get("CLUSTERDNS_SELFTEST_KUBECONFIG")
    context = os.environ.get("CLUSTERDNS_SELFTEST_CONTEXT")
    if not context:
        pytest.skip("CLUSTERDNS_SELFTEST_CONTEXT names no cluster")
    return Cluster(connect(kubeconfig, context), context, kubeconfig)
