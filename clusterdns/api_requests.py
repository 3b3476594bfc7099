"""What a run asks of the API server: every request, counted as the right that it uses.

All connections of a run share one count, which hangs on the settings that they share: that of the
checks, that of the lease, and each exec.
"""

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetes import client

_ON_ONE = {
    "GET": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_ON_ALL = {**_ON_ONE, "GET": "list", "DELETE": "deletecollection"}
_RESOURCE = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v[^/]+"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+))?)?$"
)
_ATTRIBUTE = "_clusterdns_requests"


@dataclass(frozen=True, order=True)
class Right:
    """What RBAC must allow for a request: a verb on a resource, in a namespace or in all ("").

    ``group`` is "" for the core group. ``resource`` is a plural, with its subresource
    (pods/exec); or a path such as /version, which belongs to no group.
    """

    group: str
    resource: str
    namespace: str
    verb: str


class ApiRequests:
    """Counts requests; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Right] = Counter()

    def note(self, method: str, url: str) -> None:
        """Count one request that is sent now."""
        right = right_of(method, url)
        with self._lock:
            self._counts[right] += 1

    @property
    def rights(self) -> Mapping[Right, int]:
        """How often each right was used until now."""
        with self._lock:
            return dict(self._counts)

    @property
    def by_verb(self) -> dict[str, int]:
        """How many requests there were until now, of each verb and in ``total``."""
        counts: Counter[str] = Counter()
        for right, times in self.rights.items():
            counts[right.verb] += times
        return {"total": counts.total(), **dict(sorted(counts.items()))} if counts else {}


class CountingClient(client.ApiClient):
    """An ApiClient whose requests are counted with all others of the same settings."""

    def call_api(self, method: str, url: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401, D102 - as in ApiClient
        requests_of(self.configuration).note(method, url)
        return super().call_api(method, url, *rest, **named)


def requests_of(configuration: client.Configuration) -> ApiRequests:
    """The count of all connections that are made with these settings."""
    counted: ApiRequests = vars(configuration).setdefault(_ATTRIBUTE, ApiRequests())
    return counted


def right_of(method: str, url: str) -> Right:
    """The right that a request uses, by the rules of the API server (RequestInfo in apiserver).

    Kubernetes, "Request attributes": GET is get on one object, list on many, watch if it asks so.
    """
    parts = urlsplit(url)
    found = _RESOURCE.search(parts.path)
    if found is None:
        return Right("", parts.path, "", _ON_ONE.get(method, method.lower()))
    name, sub = found["name"], found["sub"]
    verbs = _ON_ONE if name else _ON_ALL
    verb = verbs.get(method, method.lower())
    if verb == "list" and parse_qs(parts.query).get("watch", ["false"])[0] in ("1", "true"):
        verb = "watch"
    resource = found["plural"] + (f"/{sub}" if sub else "")
    return Right(found["group"] or "", resource, found["namespace"] or "", verb)
