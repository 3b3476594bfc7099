"""The few things the suite asks of a Kubernetes API server, in plain JSON.

Objects are what the API serves, as dictionaries: no generated model stands between what the
cluster says and what a check compares.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kubernetes import client

from clusterdns.plain import without_passwords

Manifest = dict[str, Any]

# kind: (path of the API group, plural, lives in a namespace)
RESOURCES: Mapping[str, tuple[str, str, bool]] = {
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "DaemonSet": ("/apis/apps/v1", "daemonsets", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices", True),
    "Event": ("/api/v1", "events", True),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "Namespace": ("/api/v1", "namespaces", False),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies", True),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "SelfSubjectAccessReview": (
        "/apis/authorization.k8s.io/v1",
        "selfsubjectaccessreviews",
        False,
    ),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "SubjectAccessReview": ("/apis/authorization.k8s.io/v1", "subjectaccessreviews", False),
}


class NotThere(LookupError):  # noqa: N818 - it reads as the sentence that it ends
    """The API server answered 404 for this object."""


@dataclass(frozen=True)
class Cluster:
    """A connection to one API server.

    Safe to share between threads, except for exec streams, which need an ApiClient each
    (``kubernetes.stream`` swaps a method of the client that it is given).
    """

    connection: client.ApiClient
    context: str
    kubeconfig: str | None = None
    deadline: float = 10.0  # seconds for one request

    @property
    def server(self) -> str:
        """The URL of the API server as it may be shown: without a password."""
        return without_passwords(str(self.connection.configuration.host))

    def request(
        self,
        verb: str,
        path: str,
        body: object | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Manifest:
        """One request, one JSON object back.

        Raises NotThere for a 404 and kubernetes.client.ApiException for other errors.
        """
        text = self.text(verb, path, body, query, content_type)
        return dict(json.loads(text)) if text else {}

    def text(
        self,
        verb: str,
        path: str,
        body: object | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> str:
        """The same, with the body of the reply as text: logs are no JSON."""
        prepared = self.connection.param_serialize(
            method=verb,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self.connection.call_api(*prepared, _request_timeout=self.deadline)
        data = response.read()
        text = data.decode(errors="replace") if data else ""
        if response.status == 404:
            raise NotThere(text)
        if not 200 <= response.status < 300:
            raise client.ApiException(status=response.status, reason=response.reason, body=text)
        return text

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """One object. Raises NotThere."""
        return self.request("GET", path_of(kind, namespace, name))

    def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """One object, or None when there is none of that name."""
        try:
            return self.get(kind, name, namespace)
        except NotThere:
            return None

    def list(
        self, kind: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        """All objects of a kind, of one namespace or of all, by label and field selector."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": "500"}
        found: list[Manifest] = []
        while True:
            page = self.request("GET", path_of(kind, namespace), query=query)
            found += page.get("items") or []
            token = page.get("metadata", {}).get("continue")
            if not token:
                return found
            query["continue"] = token

    def create(self, manifest: Manifest) -> Manifest:
        """Make the object of a manifest and return it as the API server stored it."""
        namespace = manifest["metadata"].get("namespace")
        return self.request("POST", path_of(manifest["kind"], namespace), manifest)

    def create_all(self, manifests: Iterable[Manifest]) -> Sequence[Manifest]:
        """Make many objects side by side; the order of the result is that of the input."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self.create, manifests))

    def patch(self, kind: str, name: str, namespace: str | None, change: object) -> Manifest:
        """A JSON merge patch, or a JSON patch when the change is a list of operations."""
        form = "json-patch+json" if isinstance(change, list) else "merge-patch+json"
        path = path_of(kind, namespace, name)
        return self.request("PATCH", path, change, content_type=f"application/{form}")

    def delete(self, kind: str, name: str, namespace: str | None = None, grace_s: int = 0) -> None:
        """Delete an object in the background; nothing happens when it is gone already."""
        options = {"gracePeriodSeconds": grace_s, "propagationPolicy": "Background"}
        try:
            self.request("DELETE", path_of(kind, namespace, name), options)
        except NotThere:
            return

    def logs(self, namespace: str, pod: str, previous: bool = False, lines: int = 2000) -> str:
        """What a pod's only container printed, or the one before its last restart."""
        query = {"tailLines": str(lines), "previous": "true" if previous else "false"}
        return self.text("GET", f"{path_of('Pod', namespace, pod)}/log", query=query)


def path_of(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """The path of a kind of objects, or of one object, at the API server."""
    group, plural, namespaced = RESOURCES[kind]
    place = f"/namespaces/{quote(namespace)}" if namespaced and namespace else ""
    return f"{group}{place}/{plural}" + (f"/{quote(name)}" if name else "")


def is_ready(thing: Manifest) -> bool:
    """Whether the Ready condition of a Node or a Pod is true."""
    conditions = thing.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
