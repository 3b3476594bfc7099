"""Whose an object is, by the signs that each owner leaves on it (public case 16 and its kind)."""

import pytest

from clusterdns.cluster import Manifest
from clusterdns.inventory.owner_places import Owner, owner_of

K3S = {"objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}
RECONCILE = {"addonmanager.kubernetes.io/mode": "Reconcile"}
DNS = {"apiVersion": "operator.openshift.io/v1", "kind": "DNS", "name": "default"}
ARGO = {"argocd.argoproj.io/tracking-id": "dns:/ConfigMap:kube-system/coredns"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "dns", "kustomize.toolkit.fluxcd.io/namespace": "flux"}
MANAGED_BY_HELM = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "coredns-1.29.0"}


def released(name: str) -> Manifest:
    """Metadata of an object that Helm installed."""
    annotations = {
        "meta.helm.sh/release-name": name,
        "meta.helm.sh/release-namespace": "kube-system",
    }
    return {"labels": MANAGED_BY_HELM, "annotations": annotations}


def owner(
    meta: Manifest, *where: str, kind: str = "configmap", custom: bool = True
) -> Owner | None:
    """The owner of an object with this metadata, where these platforms are seen."""
    thing = {"metadata": {"name": "coredns", "namespace": "kube-system", **meta}}
    mounted = frozenset({"coredns-custom"} if custom else ())
    return owner_of(kind, thing, frozenset(where), mounted)


# By name: metadata, platforms, the owner, words of the place, words of what undoes an edit.
OWNERS = {
    "k3s": ({"annotations": K3S}, (), "k3s", "edit configmap/coredns-custom", "manifests/coredns"),
    "AKS": (
        {"labels": RECONCILE},
        ("AKS",),
        "AKS",
        "edit configmap/coredns-custom",
        "puts it back",
    ),
    "RKE2": (
        released("rke2-coredns"),
        ("RKE2",),
        "RKE2",
        "edit helmchartconfigs.helm.cattle.io rke2-coredns",
        "upgrade",
    ),
    "OpenShift": (
        {"ownerReferences": [DNS]},
        (),
        "the DNS operator of OpenShift",
        "edit dns.operator.openshift.io default",
        "at once",
    ),
    "EKS add-on": (
        {
            "labels": {"eks.amazonaws.com/component": "coredns"},
            "managedFields": [{"manager": "eks"}],
        },
        ("EKS",),
        "the EKS add-on",
        "aws eks update-addon",
        "update of the add-on",
    ),
    "GKE": ({"labels": RECONCILE}, ("GKE",), "GKE", "edit configmap/kube-dns", "puts it back"),
    "MicroK8s": (
        {"labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}},
        ("MicroK8s",),
        "MicroK8s",
        "",
        "microk8s enable dns",
    ),
    "kOps": (
        {"labels": {"app.kubernetes.io/managed-by": "kops"}},
        (),
        "kOps",
        "kops edit cluster",
        "upgrade",
    ),
    "Helm": (released("dns"), (), "Helm", "release kube-system/dns", "helm upgrade"),
    "Argo CD": ({"annotations": ARGO}, (), "Argo CD", "application dns", "sync"),
    "Argo CD renders a chart": (
        {"annotations": ARGO, "labels": MANAGED_BY_HELM},
        (),
        "Argo CD",
        "application dns",
        "sync",
    ),
    "Flux": ({"labels": FLUX}, (), "Flux", "Kustomization flux/dns", "reconciles"),
    "kubespray or another": (
        {"labels": RECONCILE},
        (),
        "an addon manager",
        "",
        "kubespray when its playbook runs",
    ),
    "two that contradict each other": (
        {"annotations": {**ARGO, **K3S}},
        (),
        "k3s or Argo CD",
        "",
        "contradict each other",
    ),
}


@pytest.mark.parametrize("case", OWNERS)
def test_owner_is_known_by_its_signs(case: str) -> None:
    """Each has a place where a change lasts, and says what undoes an edit elsewhere."""
    meta, where, name, place, undone = OWNERS[case]
    found = owner(meta, *where)
    assert found is not None
    assert (found.name, place in found.place, bool(found.place)) == (name, True, bool(place)), found
    assert undone in found.undone, found


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"labels": {"k8s-app": "kube-dns"}, "managedFields": [{"manager": "kubeadm"}]},
        {"labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}},  # is never put back
        {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x"}]},
    ],
)
def test_nobody_is_named_without_a_sign(meta: Manifest) -> None:
    """What kubeadm made belongs to whoever edits it."""
    assert owner(meta) is None


def test_custom_is_named_only_where_it_is_mounted() -> None:
    """An old k3s mounts no coredns-custom: a key there would change nothing."""
    found = owner({"annotations": K3S}, custom=False)
    assert found is not None
    assert "coredns-custom" not in found.place


@pytest.mark.parametrize("kind", ["configmap", "deployment", "service"])
@pytest.mark.parametrize("case", OWNERS)
def test_every_kind_of_object_has_an_answer(case: str, kind: str) -> None:
    """No owner is without a word about any of the three kinds."""
    meta, where, *_ = OWNERS[case]
    found = owner(meta, *where, kind=kind)
    assert found is not None
    assert found.undone
    assert found.why
