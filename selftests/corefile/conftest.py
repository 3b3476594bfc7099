"""What is collected here, and the Corefiles that the self-tests read."""

import os
from pathlib import Path

import pytest

from selftests.corefile.coredns import CoreDNS

# Names a CoreDNS binary; without it the comparison with the real thing is not collected.
BINARY = os.environ.get("CLUSTERDNS_COREDNS_BINARY", "")

collect_ignore = [] if BINARY else ["test_against_coredns.py"]


@pytest.fixture(scope="session")
def coredns(tmp_path_factory: pytest.TempPathFactory) -> CoreDNS:
    """The binary that CLUSTERDNS_COREDNS_BINARY names, locked into a directory."""
    return CoreDNS.in_directory(Path(BINARY), tmp_path_factory.mktemp("coredns"))
