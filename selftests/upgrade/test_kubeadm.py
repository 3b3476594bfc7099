"""kubeadm's decision is the one that its own library comes to, recorded in kubeadm.json."""

import json
from collections import Counter
from typing import Any

import pytest

from clusterdns.upgrade.kubeadm import decide, tag_of
from clusterdns.upgrade.target import kubeadms
from selftests.upgrade.corefiles import COREFILES, TAGS
from selftests.upgrade.record import RECORD, judged

RECORDED: dict[str, dict[str, dict[str, dict[str, Any]]]] = json.loads(RECORD.read_text())


def as_recorded(minor: str, tag: str, name: str) -> dict[str, Any]:
    """Our decision in the words of the record; the library's own words only where it refuses."""
    found = decide(kubeadms()[minor], tag, COREFILES[name])
    why = found.why if found.kind == "refused" and not found.unsupported else ""
    if "left" in (found.kind, found.anyway):
        why = found.why.rpartition("; ")[2]
    told = {
        "kind": found.kind,
        "anyway": found.anyway,
        "unsupported": list(found.unsupported),
        "why": why,
        "text": found.text,
    }
    return {key: value for key, value in told.items() if value}


def test_every_case_is_recorded() -> None:
    """Each Corefile with each tag, for each kubeadm whose library is known."""
    minors = {each.kubernetes for each in judged()}
    assert minors == {"1.32", "1.33", "1.34", "1.35"}
    assert set(RECORDED) == set(COREFILES)
    assert all(set(tags) == set(TAGS) for tags in RECORDED.values())
    assert all(set(one) == minors for tags in RECORDED.values() for one in tags.values())


def test_every_kind_of_decision_is_recorded() -> None:
    """Also the one where the old Deployment stays without a word."""
    all_of_them = [one for tags in RECORDED.values() for by in tags.values() for one in by.values()]
    kinds = Counter(one.get("anyway") or one["kind"] for one in all_of_them)
    assert set(kinds) == {"refused", "default", "kept", "migrated", "left"}, kinds
    assert len(all_of_them) > 1000


@pytest.mark.parametrize("name", COREFILES)
def test_the_decision_is_that_of_the_library(name: str) -> None:
    """Kind, what is unsupported, why it refuses, and the migrated text, word by word."""
    differ = [
        (minor, tag, wanted, found)
        for tag, by_kubernetes in RECORDED[name].items()
        for minor, wanted in by_kubernetes.items()
        if (found := as_recorded(minor, tag, name)) != wanted
    ]
    assert differ == []


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("registry.test/coredns/coredns:v1.12.1", "v1.12.1"),
        ("registry.test:5000/coredns", ""),
        ("registry.test:5000/coredns:1.9.3-eksbuild.2", "1.9.3-eksbuild.2"),
        (f"registry.test/coredns:v1.12.1@sha256:{'0' * 64}", "v1.12.1"),
        ("coredns", ""),
    ],
)
def test_a_tag_is_read_as_kubeadm_reads_it(image: str, tag: str) -> None:
    """With a port, a digest, or none at all."""
    assert tag_of(image) == tag


def test_what_was_not_read_is_not_told() -> None:
    """Of Kubernetes before 1.32 and after 1.35 only the version is known."""
    with pytest.raises(ValueError, match=r"kubeadm 1\.36"):
        decide(kubeadms()["1.36"], "v1.13.1", "")
