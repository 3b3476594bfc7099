"""--subject: what an implementation is known not to do is not applicable, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from clusterdns.subject import FEATURES, FOLDER, read_subject
from selftests.spec.collected import PROJECT


def plan(*words: str) -> subprocess.CompletedProcess[str]:
    """What pytest says about a subject when it only collects."""
    command = [sys.executable, "-m", "pytest", "tests/dns/test_schema_version.py", *words]
    return subprocess.run(
        [*command, "--collect-only", "-q"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_subject_can_be_read(path: Path) -> None:
    """Each names only features that there are, each with a reason."""
    subject = read_subject(path.stem)
    assert subject.lacks.keys() <= FEATURES.keys()
    assert all(subject.lacks.values())


def test_kube_dns_lacks_the_version() -> None:
    """The sentence goes into the report."""
    reason = read_subject("kube-dns").why_not("dns-version")
    assert reason.startswith("kube-dns lacks dns-version: ")
    assert read_subject("coredns").why_not("dns-version") == ""


def test_an_unknown_subject_is_a_usage_error() -> None:
    """The message names those that there are."""
    done = plan("--subject", "bind")
    assert done.returncode == 4
    assert "no subject is called 'bind'; there are: coredns, kube-dns" in done.stderr


def test_an_unknown_feature_is_refused(tmp_path: Path) -> None:
    """A subject cannot lack what no check needs."""
    (tmp_path / "mine.toml").write_text('[lacks]\nwings = "it cannot fly"\n')
    with pytest.raises(ValueError, match="lacks what no check needs: wings"):
        read_subject("mine", tmp_path)


def test_a_known_subject_is_taken() -> None:
    """Nothing else changes."""
    assert plan("--subject", "kube-dns").returncode == 0
