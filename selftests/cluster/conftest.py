"""One sealed cluster of three nodes for all self-tests that need one, the mutants' too.

It is made when the first of them asks for it, and goes at the end of the session, also after
Ctrl-C. CLUSTERDNS_SELFTEST_CLUSTER=NAME takes a kind cluster that exists, and leaves it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from selftests.cluster.sessions import Sessions
from trials.cluster import Breakable, Tools, breakable_cluster


@pytest.fixture(scope="session")
def tools(pytestconfig: pytest.Config) -> Tools:
    """What ./run selftests names: programs and images."""
    kind = pytestconfig.getoption("kind_bin") or shutil.which("kind")
    kubectl = pytestconfig.getoption("kind_kubectl_bin") or shutil.which("kubectl")
    image = pytestconfig.getoption("kind_image") or os.environ.get("CLUSTERDNS_KIND_IMAGE")
    dnsutils = os.environ.get("CLUSTERDNS_DNSUTILS_IMAGE")
    if not (kind and kubectl and image and dnsutils):
        pytest.skip("kind, kubectl or images are missing; ./run selftests brings them all")
    musl = os.environ.get("CLUSTERDNS_MUSL_IMAGE")
    return Tools(Path(kind), Path(kubectl), image, dnsutils, musl)


@pytest.fixture(scope="session")
def selftest_cluster(tools: Tools) -> Iterator[Breakable]:
    """The cluster; whoever breaks it must repair it, and prove that."""
    with breakable_cluster(tools, os.environ.get("CLUSTERDNS_SELFTEST_CLUSTER")) as cluster:
        yield cluster


@pytest.fixture
def cluster(selftest_cluster: Breakable) -> Cluster:
    """A connection to it."""
    return selftest_cluster.api


@pytest.fixture
def sessions(tmp_path: Path, tools: Tools) -> Iterator[Sessions]:
    """Starts the suite as a user does; what still runs at the end is stopped."""
    made = Sessions(tmp_path, tools)
    yield made
    made.end()
