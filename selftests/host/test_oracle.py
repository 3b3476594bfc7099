"""Which CoreDNS programs are brought for ./run oracle."""

import pytest

from host.bootstrap import oracle
from host.bootstrap.steps import HostError


def test_all_versions_unless_some_are_named() -> None:
    """`--only` takes versions with commas between them."""
    assert oracle.wanted(["--write"]) == oracle.VERSIONS
    assert oracle.wanted(["--only", "1.12.1,1.15.0"]) == ("1.12.1", "1.15.0")


def test_a_version_without_records_is_a_sentence() -> None:
    """Nothing is built for it."""
    with pytest.raises(HostError, match=r"no records of CoreDNS 1\.0\.0, only of 1\.9\.4"):
        oracle.wanted(["--only=1.0.0"])
