"""Faults of objects that belong to somebody: an edit of the object itself would not last."""

from collections.abc import Callable, Mapping

from clusterdns.cluster import Manifest
from trials.faults.catalogue.corefile import forwards_to
from trials.faults.catalogue.service import SERVICE_DEAD
from trials.faults.mutant import Mutant
from trials.faults.scene import Scene
from trials.faults.symptoms import OUTSIDE, dig

OUTSIDE_NAME = "test_outside_name_resolves_as_on_the_node[*"
K3S = {"objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}
ARGO = {"argocd.argoproj.io/tracking-id": "dns:/ConfigMap:kube-system/coredns"}
HELM = {"meta.helm.sh/release-name": "dns", "meta.helm.sh/release-namespace": "kube-system"}


def annotated(annotations: Mapping[str, str]) -> Callable[[Manifest], None]:
    """An edit: an object has these annotations too."""

    def edit(thing: Manifest) -> None:
        thing["metadata"].setdefault("annotations", {}).update(annotations)

    return edit


def dead_upstream(annotations: Mapping[str, str]) -> Callable[[Scene], None]:
    """An injection: the upstream is dead, and the ConfigMap carries somebody's signs."""

    def inject(scene: Scene) -> None:
        scene.change("ConfigMap", "coredns", annotated(annotations))
        scene.corefile(forwards_to("192.0.2.1"))

    return inject


def helms_service(scene: Scene) -> None:
    """The Service is of a Helm release, and selects nobody."""

    def edit(service: Manifest) -> None:
        annotated(HELM)(service)
        service["spec"]["selector"] = {"k8s-app": "core-dns"}

    scene.change("Service", "kube-dns", edit)


MUTANTS = (
    Mutant(
        "owned-by-k3s",
        "The upstream is dead, and the ConfigMap is one that k3s writes.",
        "C",
        dead_upstream(K3S),
        dig(OUTSIDE, says="SERVFAIL|timed out"),
        fails=(OUTSIDE_NAME,),
        causes=("upstream-unreachable",),
        remedy=r"belongs to k3s .*manifests/coredns\.yaml",
    ),
    Mutant(
        "owned-by-two",
        "The upstream is dead, and the ConfigMap has the signs of k3s and of Argo CD.",
        "C",
        dead_upstream({**K3S, **ARGO}),
        dig(OUTSIDE, says="SERVFAIL|timed out"),
        fails=(OUTSIDE_NAME,),
        causes=("upstream-unreachable",),
        remedy="belongs to k3s or Argo CD .*contradict each other",
    ),
    Mutant(
        "owned-by-helm",
        "The Service selects nobody, and is of a Helm release.",
        "A",
        helms_service,
        SERVICE_DEAD,
        fails=("test_selector_matches_the_replicas",),
        causes=("dns-svc-selector-wrong",),
        remedy="values of the Helm release kube-system/dns",
    ),
)
