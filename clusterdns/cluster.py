"""The few things the suite asks of a Kubernetes API server, in plain JSON.

Objects are what the API serves, as dictionaries: no generated model stands between what the
cluster says and what a check compares.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from kubernetes import client
from urllib3.exceptions import HTTPError

from clusterdns.api_errors import (
    NotFoundError,
    is_absence,
    is_passing,
    is_passing_for_logs,
    may_be_done,
    no_answer,
    reason_of,
    wrong_server,
)
from clusterdns.patience import Patience

__all__ = ["Cluster", "Manifest", "NotFoundError", "is_ready", "path_of"]

from clusterdns.printable import without_passwords

Manifest = dict[str, Any]
RUN_LABEL = "dns-conformance/run"  # every object that a run makes bears it, with the run's id

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
    "MutatingWebhookConfiguration": (
        "/apis/admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        False,
    ),
    "Namespace": ("/api/v1", "namespaces", False),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies", True),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets", True),
    "PrometheusRule": ("/apis/monitoring.coreos.com/v1", "prometheusrules", True),
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
    "StatefulSet": ("/apis/apps/v1", "statefulsets", True),
    "SubjectAccessReview": ("/apis/authorization.k8s.io/v1", "subjectaccessreviews", False),
}


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
    patience: Patience = field(default_factory=Patience)  # how long one is tried again: not at all

    @property
    def server(self) -> str:
        """The URL of the API server as it may be shown: without a password."""
        return without_passwords(str(self.connection.configuration.host))

    def hurried(self, seconds: float = 0.0) -> Self:
        """A connection whose requests are tried again for at most so many seconds each."""
        return replace(self, patience=Patience(seconds))

    def request(
        self,
        verb: str,
        path: str,
        body: object | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Manifest:
        """Send one request to the API server; the JSON object of its answer.

        Raises NotFoundError for a 404 and kubernetes.client.ApiException for all else that is not
        the answer, NoAnswerError among it when none came or it is not one of an API server. What
        passes by itself (429, 5xx, a connection that was refused or reset) is tried again before.
        """
        text = self.text(verb, path, body, query, content_type)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            raise wrong_server(self.server, text) from None
        if not isinstance(found, dict):
            raise wrong_server(self.server, text)
        return found

    def text(
        self,
        verb: str,
        path: str,
        body: object | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> str:
        """The body of the reply to a request, as text: logs are no JSON. Raises as ``request``."""
        prepared = self.connection.param_serialize(
            method=verb,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        unsure = False  # whether a try before may have been carried out

        def attempt(again: bool) -> str:
            nonlocal unsure
            try:
                return self._once(prepared)
            except client.ApiException as error:
                if again and unsure and verb == "POST" and (made := self._made(path, body, error)):
                    return made
                if again and unsure and verb == "DELETE" and isinstance(error, NotFoundError):
                    return ""
                unsure = unsure or may_be_done(error)
                raise

        # A list of operations may hold a test that fails when it is done twice.
        if verb == "PATCH" and isinstance(body, list):
            return self._once(prepared)
        # A log is the kubelet's: that it is not there is the node's trouble, and stays.
        passing = is_passing_for_logs if path.endswith("/log") else is_passing
        return self.patience.insist(f"{verb} {path.rsplit('/', 1)[-1]}", attempt, passing)

    def _once(self, prepared: tuple[Any, Any, Any, Any, Any]) -> str:
        try:
            method, url, headers, body, posted = prepared
            response = self.connection.call_api(method, url, headers, body, posted, self.deadline)
            data = response.read()
        except (HTTPError, OSError) as error:
            raise no_answer(error, self.server) from error
        text = data.decode(errors="replace") if data else ""
        if response.status == 404:
            raise NotFoundError(text)
        if not 200 <= response.status < 300:
            refused = client.ApiException(status=response.status, reason=response.reason)
            refused.body, refused.headers = text, response.getheaders()
            raise refused
        return text

    def _made(self, path: str, body: object, error: client.ApiException) -> str:
        """What a POST made that was tried again, if that is why it is there; else nothing."""
        meta = body.get("metadata", {}) if isinstance(body, dict) else {}
        if error.status != 409 or reason_of(error) not in ("", "AlreadyExists"):
            return ""
        found = self.text("GET", f"{path}/{quote(str(meta.get('name', '')))}")
        labels = json.loads(found).get("metadata", {}).get("labels") or {}
        mine = meta.get("labels") or {}
        return found if RUN_LABEL in mine and mine.items() <= labels.items() else ""

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """Get one object. Raises NotFoundError."""
        return self._of_kind(kind, self.request("GET", path_of(kind, namespace, name)))

    def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """One object, or None when there is none of that name."""
        try:
            return self.get(kind, name, namespace)
        except NotFoundError as error:
            if not is_absence(error):
                raise
            return None

    def list(
        self, kind: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        """All objects of a kind, of one namespace or of all, by label and field selector."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": "500"}
        found: list[Manifest] = []
        while True:
            page = self.request("GET", path_of(kind, namespace), query=query)
            if "items" not in page or page.get("kind", f"{kind}List") != f"{kind}List":
                raise wrong_server(self.server, json.dumps(page))
            found += page["items"] or []
            token = page.get("metadata", {}).get("continue")
            if not token:
                return found
            query["continue"] = token

    def create(self, manifest: Manifest) -> Manifest:
        """Make the object of a manifest and return it as the API server stored it."""
        kind, namespace = manifest["kind"], manifest["metadata"].get("namespace")
        return self._of_kind(kind, self.request("POST", path_of(kind, namespace), manifest))

    def create_all(self, manifests: Iterable[Manifest]) -> Sequence[Manifest]:
        """Make many objects side by side; the order of the result is that of the input.

        Raises kubernetes.client.ApiException for the first that is refused.
        """
        made = self.try_all(manifests)
        for each in made:
            if isinstance(each, client.ApiException):
                raise each
        return [each for each in made if not isinstance(each, client.ApiException)]

    def try_all(self, manifests: Iterable[Manifest]) -> Sequence[Manifest | client.ApiException]:
        """Make many objects side by side; of each that was refused the result is the refusal."""

        def attempt(manifest: Manifest) -> Manifest | client.ApiException:
            try:
                return self.create(manifest)
            except client.ApiException as error:
                return error

        with ThreadPoolExecutor(max_workers=8) as pool:
            try:
                return list(pool.map(attempt, manifests))
            except KeyboardInterrupt:
                self.patience.end()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _of_kind(self, kind: str, found: Manifest) -> Manifest:
        """The object that was asked for. Raises NoAnswerError when it is something else."""
        if "metadata" not in found or found.get("kind", kind) != kind:
            raise wrong_server(self.server, json.dumps(found))
        return found

    def patch(self, kind: str, name: str, namespace: str | None, change: object) -> Manifest:
        """A JSON merge patch, or a JSON patch when the change is a list of operations."""
        form = "json-patch+json" if isinstance(change, list) else "merge-patch+json"
        path = path_of(kind, namespace, name)
        return self.request("PATCH", path, change, content_type=f"application/{form}")

    def delete(
        self,
        kind: str,
        name: str,
        namespace: str | None = None,
        grace_s: int = 0,
        uid: str | None = None,
    ) -> None:
        """Delete an object in the background; nothing happens when it is gone already.

        With ``uid`` only that very object: the API server answers 409 (ApiException) when
        another one has its name now.
        """
        options: Manifest = {"gracePeriodSeconds": grace_s, "propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.request("DELETE", path_of(kind, namespace, name), options)
        except NotFoundError as error:
            if not is_absence(error):
                raise

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


def time_of(text: str | None) -> datetime | None:
    """A Time or MicroTime of the API (RFC 3339) as a datetime; None for what is none."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
