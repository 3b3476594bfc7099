"""Who undoes an edit of the objects of cluster DNS, and where an upgrade of theirs belongs."""

from clusterdns.inventory.owner_places import Owner
from clusterdns.upgrade.target import Target

# How whoever delivers CoreDNS brings its versions; all others are told by their place.
BRINGS = {
    "k3s": "an upgrade of k3s brings its version of CoreDNS",
    "RKE2": "an upgrade of RKE2 brings its chart rke2-coredns",
    "AKS": "AKS chooses the version of CoreDNS by that of Kubernetes",
    "GKE": "GKE chooses what serves DNS by the version of its control plane",
    "the EKS add-on": "aws eks update-addon --addon-name coredns --addon-version VERSION",
    "the DNS operator of OpenShift": "an upgrade of OpenShift brings its version of CoreDNS",
    "MicroK8s": "microk8s disable dns and microk8s enable dns install its version",
    "kOps": "kops upgrade cluster and kops update cluster --yes bring its version",
    "Helm": "helm upgrade, with image.tag or another version of the chart",
}


def in_words(thing: str, owner: Owner, target: Target) -> str:
    """An object (namespace and kind/name), its owner, where the change belongs, and why."""
    kind = thing.partition(" ")[2].partition("/")[0]
    way = BRINGS.get(owner.name, "") if kind in ("deployment", "daemonset") else ""
    place = owner.place.replace("{kubectl}", "kubectl")
    where = "; ".join(one for one in (way, place, owner.key) if one)
    return (
        f"{thing} belongs to {owner.name} ({owner.why}): {owner.undone}; an upgrade to CoreDNS "
        f"{target.version} belongs there: {where or 'find out where'}"
    )
