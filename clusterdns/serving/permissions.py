"""What a ServiceAccount may do, asked with SubjectAccessReview."""

from typing import NamedTuple

from clusterdns.cluster import Cluster
from clusterdns.run.plan import PlannedObject, declare
from clusterdns.serving.inventory import Inventory, pod_spec


class Right(NamedTuple):
    """One verb on one resource of the API, in all namespaces."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb}-{self.resource}"


WATCHED = (("services", ""), ("namespaces", ""), ("endpointslices", "discovery.k8s.io"))
NEEDED = [Right(verb, name, group) for name, group in WATCHED for verb in ("list", "watch")]
UNNEEDED = [Right("get", "secrets"), Right("create", "pods"), Right("update", "configmaps")]


def service_account(inventory: Inventory) -> str:
    """The user that the replicas are, as the API server calls it."""
    name = pod_spec(inventory.workload).get("serviceAccountName", "default")
    return f"system:serviceaccount:{inventory.namespace}:{name}"


def is_allowed(cluster: Cluster, user: str, right: Right) -> bool:
    """Whether a ServiceAccount has a right.

    Raises kubernetes.client.ApiException when we may not ask.
    """
    namespace = user.split(":")[2]
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "user": user,
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": {
                "verb": right.verb,
                "resource": right.resource,
                "group": right.group,
            },
        },
    }
    return bool(cluster.create(review).get("status", {}).get("allowed"))


declare(
    PlannedObject(
        "authorization.k8s.io", "SubjectAccessReview", None, "-", ("create",), "what CoreDNS may do"
    ),
    wanted_by=["right"],
)
