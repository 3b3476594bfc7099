"""What a private CoreDNS may read of the cluster: what its Corefile needs, and nothing else.

The role is our own, made for one run: a role of the cluster's may hold any rights. Who makes it
must hold these rights, or have the verbs escalate and bind (Kubernetes, RBAC: privilege escalation
prevention).
"""

from collections.abc import Iterable

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.inventory.permissions import Readable
from clusterdns.own_coredns.instance import NotPossibleError
from clusterdns.run.ledger import one_line
from clusterdns.testbed.manifests import metadata
from clusterdns.testbed.testbed import Workspace

ACCOUNT = "coredns"  # the ServiceAccount in our namespace
RBAC = "rbac.authorization.k8s.io"


def may_read_cluster(workspace: Workspace, what: Iterable[Readable]) -> str:
    """Make a ServiceAccount that may list and watch these resources; its name.

    Raises NotPossibleError with the API server's own words where we may not make it.
    """
    made = role(workspace, what)
    try:
        workspace.active.create_cluster_scoped(made)
        workspace.cluster.create(account(workspace))
        workspace.active.create_cluster_scoped(binding(workspace))
    except ApiException as error:
        raise NotPossibleError(
            "a private CoreDNS may not be given a role that lists and watches "
            f"{resources_of(made)}: {one_line(error)}"
        ) from error
    return ACCOUNT


def role(workspace: Workspace, what: Iterable[Readable]) -> Manifest:
    """The ClusterRole of our private CoreDNS instances; its name is that of the run."""
    groups: dict[str, list[str]] = {}
    for each in sorted(set(what), key=lambda one: (one.group, one.resource)):
        groups.setdefault(each.group, []).append(each.resource)
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": metadata(workspace.run, name_of(workspace)),
        "rules": [
            {"apiGroups": [group], "resources": names, "verbs": ["list", "watch"]}
            for group, names in groups.items()
        ],
    }


def account(workspace: Workspace) -> Manifest:
    """The ServiceAccount of our private CoreDNS instances."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(workspace.run, ACCOUNT, workspace.namespace),
    }


def binding(workspace: Workspace) -> Manifest:
    """The binding of that account to that role; its name is that of the run."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata(workspace.run, name_of(workspace)),
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name_of(workspace)},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": workspace.namespace}],
    }


def name_of(workspace: Workspace) -> str:
    """The name of the role and of its binding."""
    return f"{workspace.run}-coredns"


def resources_of(made: Manifest) -> str:
    """The resources of a role, for people."""
    return ", ".join(name for rule in made["rules"] for name in rule["resources"])
