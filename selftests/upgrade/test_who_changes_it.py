"""What is said about kubeadm and owners: who, what becomes of it, and what to do."""

import pytest

from clusterdns.inventory.owner_places import Owner
from clusterdns.upgrade.kubeadm import default_corefile
from clusterdns.upgrade.upgrade import KubeadmConfig, Upgrade
from selftests.upgrade.corefiles import BEFORE_131, COREFILES
from selftests.upgrade.test_starts import container, message, upgrade_to
from tests.upgrade import test_who_changes_it as checks

OURS = default_corefile("cluster.local")


def of(tag: str, target: str, corefile: str, **config: object) -> Upgrade:
    """An upgrade of the image of this tag; ``config``: of kubeadm's notes about DNS."""
    image = f"registry.k8s.io/coredns/coredns:{tag}"
    made = upgrade_to(target, corefile, container(image=image))
    return Upgrade(made.inventory, made.target, KubeadmConfig({"dns": config}))


@pytest.mark.parametrize(
    ("upgrade", "words"),
    [
        (of("v1.12.1", "k8s 1.35", OURS), []),
        (of("v1.12.1", "k8s 1.35", BEFORE_131.replace("ttl 30", "ttl 5")), []),
        (
            of("v1.12.1", "k8s 1.35", BEFORE_131),
            ["takes the Corefile for one of its own", "+    cache 30 {", "upstreams among it"],
        ),
        (
            of("v1.12.1", "k8s 1.35", COREFILES["template"]),
            ["does not know template", "--ignore-preflight-errors=CoreDNSUnsupportedPlugins"],
        ),
        (
            of("v1.14.7", "k8s 1.35", OURS),
            ["start version '1.14.7' not supported", "--skip-phases=addon/coredns"],
        ),
        (of("1.7.0", "k8s 1.35", COREFILES["transfer"]), ["+    transfer cluster.local {", "lost"]),
        (
            of("v1.7.0", "k8s 1.35", COREFILES["transfer"]),
            ["keeps Corefile and Deployment as they are", "start version 'v1.7.0' not supported"],
        ),
        (
            of("v1.12.1", "k8s 1.35", OURS, imageRepository="mirror.test/dns"),
            ["replaces the image registry.k8s.io/coredns/coredns:v1.12.1 by mirror.test/dns/cor"],
        ),
        (of("v1.12.1", "k8s 1.35", OURS, imageTag="v1.12.1"), ["not 1.13.1", "dns.imageTag"]),
        (of("v1.12.1", "k8s 1.35", OURS, disabled=True), ["leaves cluster DNS alone"]),
    ],
    ids=[
        *("own-default", "kept", "old-default", "unsupported", "newer", "migrated", "left"),
        *("repository", "tag", "disabled"),
    ],
)
def test_kubeadm_is_told_in_words(upgrade: Upgrade, words: list[str]) -> None:
    """Nothing where nothing is to be done; else what, and the patch where text changes."""
    said = message(checks.test_kubeadm_upgrades_it_without_more_ado, upgrade)
    assert [word for word in words if word not in said] == [], said
    assert bool(said) == bool(words), said


def test_the_target_reads_what_kubeadm_writes() -> None:
    """Where Kubernetes was named the new default is judged, where CoreDNS was, what is there."""
    assert "disable" in of("v1.12.1", "k8s 1.35", BEFORE_131).text_after
    assert of("v1.12.1", "1.13.1", BEFORE_131).text_after == BEFORE_131


def test_an_owner_is_named_with_the_way() -> None:
    """Who, by what sign, what becomes of an edit, and where the upgrade belongs."""
    owner = Owner("the EKS add-on", "aws eks ...", "", "may be written anew", "fields of eks")
    owned = {"kube-system deployment/coredns": owner}
    said = message(checks.test_nobody_undoes_an_edit, owned, upgrade_to("1.14.7"))
    assert "belongs to the EKS add-on (fields of eks): may be written anew" in said
    assert "update-addon --addon-name coredns --addon-version" in said
    assert message(checks.test_nobody_undoes_an_edit, {}, upgrade_to("1.14.7")) == ""
