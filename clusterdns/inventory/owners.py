"""Who puts an object of cluster DNS back as it was: whose signs it carries.

A sign is a label, an annotation, an owner reference or a manager of fields. Where a change belongs
instead is in ``owner_places``. One that only renders or delivers for another (Helm for RKE2, for
Flux) is not named beside it; signs that contradict each other are all named, and nobody is chosen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.inventory.inventory import Inventory

# What only renders or delivers what another one owns: it gives way to any other owner.
CARRIERS = ("Helm",)
# Prefixes of labels of nodes by which a provider's clusters are known (Azure/AKS, GKE, EKS and
# MicroK8s put them there themselves), and what the version of the API server says (k3s, RKE2).
NODE_LABELS = {
    "kubernetes.azure.com/": "AKS",
    "cloud.google.com/gke-": "GKE",
    "eks.amazonaws.com/": "EKS",
    "microk8s.io/": "MicroK8s",
}
VERSIONS = {"+k3s": "k3s", "+rke2r": "RKE2", "-gke.": "GKE", "-eks-": "EKS"}
ADDON_MODE = "addonmanager.kubernetes.io/mode"
ADDON_MANAGER = "an addon manager"


@dataclass(frozen=True)
class Sign:
    """One thing on an object that speaks for an owner. ``name``: of its release, app, source."""

    owner: str
    seen: str
    name: str = ""


@dataclass(frozen=True)
class Marks:
    """What of an object's metadata can speak for an owner."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    references: tuple[Mapping[str, str], ...] = ()
    managers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, thing: Manifest) -> "Marks":
        """The marks of an object as the API has it."""
        meta = thing.get("metadata", {})
        managers = (str(one.get("manager", "")) for one in meta.get("managedFields") or ())
        return cls(
            meta.get("labels") or {},
            meta.get("annotations") or {},
            tuple(meta.get("ownerReferences") or ()),
            frozenset(managers),
        )


def platforms(inventory: Inventory) -> frozenset[str]:
    """The distributions and providers that this cluster's nodes and version speak for."""
    labels = {key for node in inventory.nodes for key in node["metadata"].get("labels") or {}}
    by_nodes = {name for key, name in NODE_LABELS.items() if any(x.startswith(key) for x in labels)}
    return frozenset(by_nodes | {n for key, n in VERSIONS.items() if key in inventory.version})


def signs_of(thing: Manifest, where: frozenset[str]) -> list[Sign]:
    """Everything on an object that speaks for an owner. ``where``: see `platforms`."""
    marks = Marks.of(thing)
    found = [*_operators(marks), *_distributions(marks, where), *_deliverers(marks)]
    chosen = [sign for sign in found if sign.owner not in CARRIERS]
    return chosen or found


def _operators(marks: Marks) -> Iterator[Sign]:
    """OpenShift: openshift/cluster-dns-operator, pkg/operator/controller (owner, label)."""
    for one in marks.references:
        if one.get("kind") == "DNS" and "operator.openshift.io" in one.get("apiVersion", ""):
            seen = f"owner reference DNS/{one.get('name')} of operator.openshift.io"
            yield Sign("the DNS operator of OpenShift", seen, one.get("name", ""))
            return
    if name := marks.labels.get("dns.operator.openshift.io/owning-dns"):
        seen = f"label dns.operator.openshift.io/owning-dns: {name}"
        yield Sign("the DNS operator of OpenShift", seen, name)


def _distributions(marks: Marks, where: frozenset[str]) -> Iterator[Sign]:
    labels, annotations = marks.labels, marks.annotations
    # k3s: rancher/wrangler pkg/apply and k3s' deploy controller (k3s-io/k3s#462).
    kind = annotations.get("objectset.rio.cattle.io/owner-gvk", "")
    if kind.startswith("k3s.cattle.io/"):
        yield Sign("k3s", f"annotation objectset.rio.cattle.io/owner-gvk: {kind}")
    # RKE2: its charts are named rke2-*, and installed by its Helm controller (rancher/rke2#8230).
    release = annotations.get("meta.helm.sh/release-name", "")
    if release.startswith("rke2-"):
        yield Sign("RKE2", f"annotation meta.helm.sh/release-name: {release}", release)
    # kOps: upup/pkg/fi/cloudup/bootstrapchannelbuilder labels its add-ons.
    if labels.get("app.kubernetes.io/managed-by") == "kops" or "addon.kops.k8s.io/name" in labels:
        yield Sign("kOps", "label of kOps' add-ons")
    # EKS: docs.aws.amazon.com, "fields you can customize": those of the add-on have manager eks.
    if "eks.amazonaws.com/component" in labels:
        if "eks" in marks.managers:
            yield Sign("the EKS add-on", "fields managed by eks")
        elif marks.managers:
            yield Sign("EKS, self-managed", "label eks.amazonaws.com/component, no field of eks")
    # cluster/addons/addon-manager: Reconcile is put back; EnsureExists is only made if missing.
    mode = labels.get(ADDON_MODE, "")
    known = where & {"AKS", "GKE", "MicroK8s"}
    if mode and (mode == "Reconcile" or "MicroK8s" in known):
        owner = next(iter(known)) if len(known) == 1 else ADDON_MANAGER
        yield Sign(owner, f"label {ADDON_MODE}: {mode}")


def _deliverers(marks: Marks) -> Iterator[Sign]:
    labels, annotations = marks.labels, marks.annotations
    # Argo CD: user guide, "Resource Tracking"; its field manager is argocd-controller.
    tracked = annotations.get("argocd.argoproj.io/tracking-id", "").partition(":")[0]
    app = tracked or labels.get("argocd.argoproj.io/instance", "")
    if app:
        yield Sign("Argo CD", f"it is tracked as part of application {app}", app)
    elif "argocd-controller" in marks.managers:
        yield Sign("Argo CD", "fields managed by argocd-controller")
    # Flux: kustomize-controller and helm-controller label what they apply (fluxcd/flux2 FAQ).
    for kind, title in (("kustomize", "Kustomization"), ("helm", "HelmRelease")):
        if name := labels.get(f"{kind}.toolkit.fluxcd.io/name"):
            home = labels.get(f"{kind}.toolkit.fluxcd.io/namespace", "flux-system")
            seen = f"label {kind}.toolkit.fluxcd.io/name: {name}"
            yield Sign("Flux", seen, f"{title} {home}/{name}")
    # Helm: helm.sh/docs, "annotations"; charts also carry managed-by, rendered by whomever.
    if release := annotations.get("meta.helm.sh/release-name"):
        yield Sign("Helm", f"annotation meta.helm.sh/release-name: {release}", release)
    elif labels.get("app.kubernetes.io/managed-by") == "Helm":
        yield Sign("Helm", "label app.kubernetes.io/managed-by: Helm")


def names_of(signs: Iterable[Sign]) -> list[str]:
    """The owners that signs speak for, each once."""
    return list(dict.fromkeys(sign.owner for sign in signs))
