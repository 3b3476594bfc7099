"""Which upgrade the options name, what they select, and the sentences for what nobody knows."""

import re

import pytest

from clusterdns.upgrade.target import RELEASES, Target, kubeadms, target_of
from selftests.contract.suite import suite

MIRROR = "mirror.test:5000/coredns/coredns"


@pytest.mark.parametrize(
    ("options", "version"),
    [
        (("1.14.7", None, None), "1.14.7"),
        (("v1.9.4", None, None), "1.9.4"),
        ((None, "1.35", None), "1.13.1"),
        ((None, "v1.34.2", None), "1.12.1"),
        (("1.13.1", "1.35", None), "1.13.1"),
        ((None, None, f"{MIRROR}:v1.15.0"), "1.15.0"),
        (("1.15.0", None, f"{MIRROR}:latest"), "1.15.0"),
        (("1.11.4", None, "eks/coredns:v1.11.4-eksbuild.2"), "1.11.4"),
    ],
)
def test_options_name_a_version(options: tuple[str | None, ...], version: str) -> None:
    """By itself, by Kubernetes, by the tag of an image; a downgrade is one like any other."""
    found = target_of(*options)
    assert found is not None
    assert found.version == version


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("1.12.9", None, None), r"no release 1\.12\.9 .* nearest: 1\.12\.0, .*1\.12\.4"),
        (("1.99.0", None, None), r"no release 1\.99\.0 .* 1\.15\.0"),
        (("newest", None, None), "--target-coredns: 'newest' is not a version"),
        ((None, "1.20", None), r"kubeadm installs is known here for 1\.28, .*--target-coredns"),
        ((None, "latest", None), "'latest' is not a version such as 1.35"),
        (("1.14.7", "1.35", None), r"installs CoreDNS 1\.13\.1, and .* leave one of them out"),
        ((None, None, f"{MIRROR}:latest"), "does not tell its version"),
        ((None, None, "mirror.test:5000/coredns"), "does not tell its version"),
        (("1.14.7", None, f"{MIRROR}:v1.15.0"), r"is not CoreDNS 1\.14\.7"),
    ],
)
def test_what_nobody_knows_gets_a_sentence(options: tuple[str | None, ...], sentence: str) -> None:
    """It says what is known, and what to do."""
    with pytest.raises(ValueError, match=sentence):
        target_of(*options)


def test_no_option_is_no_upgrade() -> None:
    """Then nothing of it is selected."""
    assert target_of(None, None, None) is None


@pytest.mark.parametrize(
    ("target", "running", "image"),
    [
        (Target("1.14.7"), f"{MIRROR}:v1.12.1", f"{MIRROR}:v1.14.7"),
        (Target("1.14.7"), f"{MIRROR}:1.12.1@sha256:{'0' * 64}", f"{MIRROR}:1.14.7"),
        (Target("1.14.7"), "eks/coredns:v1.11.4-eksbuild.2", ""),
        (Target("1.14.7", "mine/dns:1"), f"{MIRROR}:v1.12.1", "mine/dns:1"),
    ],
)
def test_the_image_is_the_running_ones_twin(target: Target, running: str, image: str) -> None:
    """With the target's tag, where that is a plain release; of builds of others none is known."""
    assert target.image_beside(running) == image


def test_kubeadm_installs_what_there_is() -> None:
    """Each version of the table is a release, each row has the tag that was read."""
    for minor, each in kubeadms().items():
        assert each.coredns in RELEASES
        assert each.read.startswith(f"v{minor}.")


WITHOUT, WITH = "--collect-only", "--target-coredns=1.14.7"


def test_nothing_is_selected_without_a_target() -> None:
    """And with one beside named paths both are."""
    ordinary, both = suite(WITHOUT, "-q").ids, suite(WITHOUT, "-q", WITH).ids
    added = set(both) - set(ordinary)
    assert set(ordinary) < set(both)
    assert added
    assert {id_.partition("::")[0].rpartition("/")[0] for id_ in added} == {"tests/upgrade"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--target-coredns=1.12.9"], r"ERROR: --target-coredns: no release 1\.12\.9"),
        (["--target-kubernetes=1.20"], "ERROR: --target-kubernetes 1.20: which CoreDNS"),
        (["--target-image=mine:latest"], "ERROR: the tag of --target-image mine:latest"),
    ],
)
def test_a_wrong_target_is_wrong_usage(words: list[str], sentence: str) -> None:
    """Exit code 4, one sentence, nothing begun."""
    done = suite(*words)
    assert done.code == 4, done.output
    assert re.search(sentence, done.output)
    assert "Traceback" not in done.output
