"""What a private CoreDNS may read of the cluster: the same as the cluster's own one."""

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.objects.manifests import metadata
from clusterdns.private.coredns import NotPossible
from clusterdns.run.ledger import one_line
from clusterdns.site import Workspace

ACCOUNT = "coredns"  # the ServiceAccount in our namespace


def may_read_cluster(workspace: Workspace) -> str:
    """Make a ServiceAccount with the ClusterRole of the cluster's CoreDNS; its name.

    Raises NotPossible when there is no such role or the user may not hand it on.
    """
    try:
        role = role_of_cluster_dns(workspace)
        workspace.cluster.create(account(workspace))
        workspace.active.create_cluster_scoped(binding(workspace, role))
    except ApiException as error:
        raise NotPossible(
            f"a private CoreDNS may not be given the rights of the cluster's own: {one_line(error)}"
        ) from error
    return ACCOUNT


def role_of_cluster_dns(workspace: Workspace) -> str:
    """The ClusterRole that is bound to the ServiceAccount of the cluster's CoreDNS.

    Raises NotPossible and kubernetes.client.ApiException.
    """
    template = (workspace.inventory.workload or {}).get("spec", {}).get("template", {})
    own = {
        "kind": "ServiceAccount",
        "name": template.get("spec", {}).get("serviceAccountName", "default"),
        "namespace": workspace.inventory.namespace,
    }
    for found in workspace.cluster.list("ClusterRoleBinding"):
        subjects = found.get("subjects") or []
        if any({key: s.get(key) for key in own} == own for s in subjects):
            return str(found["roleRef"]["name"])
    raise NotPossible(f"no ClusterRole is bound to {own['namespace']}/{own['name']}")


def account(workspace: Workspace) -> Manifest:
    """The ServiceAccount of our private CoreDNS instances."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(workspace.run, ACCOUNT, workspace.namespace),
    }


def binding(workspace: Workspace, role: str) -> Manifest:
    """The binding of that account to a ClusterRole; its name is that of the run."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata(workspace.run, f"{workspace.run}-coredns"),
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role,
        },
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": workspace.namespace}],
    }
