"""A small API server on loopback: it stores JSON objects and can refuse, stall or lie."""

import itertools
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from clusterdns.cluster import RESOURCES

Manifest = dict[str, Any]
VERSION_FIELDS = (
    "major",
    "minor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
)
PLURALS = {plural for _, plural, _ in RESOURCES.values()}


@dataclass
class Trouble:
    """One request that goes wrong.

    ``how`` is a status, "reset" (nothing is done) or "reset after" (done, but never answered).
    """

    how: int | str
    body: Manifest = field(default_factory=dict)
    retry_after: int | None = None


def status_of(code: int, message: str, reason: str = "") -> Manifest:
    """What an API server sends with an error."""
    return {"kind": "Status", "code": code, "message": message, "reason": reason}


class FakeApi:
    """The server; its public attributes are the knobs."""

    def __init__(self) -> None:
        self.objects: dict[str, Manifest] = {}  # by path, without a trailing slash
        self.requests: list[tuple[str, str]] = []  # verb and path with query
        self.answer_all: int | None = None  # this status for every request
        self.refused: set[tuple[str, str]] = set()  # verb and plural answered with 403
        self.stall_s = 0.0  # before every answer
        self.troubles: list[Trouble] = []  # what becomes of the next requests instead
        self.page: str | None = None  # this text for every request: it is something else
        self.page_status = 200
        self.namespace_s = 0.2  # from the deletion of a namespace until it is gone
        self.stuck: dict[str, str] = {}  # namespaces that never go, and the reason given
        self.lock = threading.Lock()
        self._versions = itertools.count(100)
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.put({"kind": "Namespace", "metadata": {"name": "kube-system"}}, "/api/v1/namespaces")

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self, folder: Path, user: Manifest | None = None) -> Path:
        """A kubeconfig with the context ``fake``."""
        return write_kubeconfig(folder / "kubeconfig", self.url, user)

    def put(self, manifest: Manifest, collection: str) -> Manifest:
        """Store an object as the API server would."""
        metadata = dict(manifest["metadata"])
        metadata.setdefault("uid", f"uid-{next(self._versions)}")
        metadata.setdefault("creationTimestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        metadata["resourceVersion"] = str(next(self._versions))
        stored = {**manifest, "metadata": metadata}
        self.objects[f"{collection}/{metadata['name']}"] = stored
        return stored

    def names(self, collection: str) -> list[str]:
        """The names of the objects directly in a collection."""
        with self.lock:
            self.settle()
            return sorted(
                path.rsplit("/", 1)[1]
                for path in self.objects
                if path.rsplit("/", 1)[0] == collection
            )

    def settle(self) -> None:
        """Remove the namespaces whose time has come, with all that is in them."""
        for path, each in list(self.objects.items()):
            gone_at = each.get("goneAt")
            name = each["metadata"]["name"]
            if gone_at is None or name in self.stuck or time.monotonic() < gone_at:
                continue
            inside = f"/namespaces/{name}/"
            self.objects = {p: o for p, o in self.objects.items() if inside not in p}
            self.objects.pop(path, None)


def write_kubeconfig(path: Path, server: str, user: Manifest | None = None) -> Path:
    """A kubeconfig with one context, ``fake``."""
    text = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        }
    )
    path.write_text(text)
    return path


def merge_patched(there: Manifest, change: Manifest) -> Manifest:
    """A JSON merge patch (RFC 7396) applied; maps that become empty are dropped, as for labels."""
    merged = dict(there)
    for key, value in change.items():
        if isinstance(value, dict):
            merged[key] = merge_patched(there.get(key) or {}, value)
        else:
            merged[key] = value
        if merged[key] in (None, {}):
            del merged[key]
    return merged


def namespace_of(path: str) -> str | None:
    """The namespace in the path of a collection, if it has one."""
    parts = path.split("/")
    return parts[parts.index("namespaces") + 1] if path.count("/namespaces/") else None


class _Handler(BaseHTTPRequestHandler):
    api: FakeApi
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        time.sleep(self.api.stall_s)
        if self.api.page is not None:
            self._send(self.api.page_status, self.api.page, "text/html")
            return
        trouble = self.api.troubles.pop(0) if self.api.troubles else None
        if trouble is not None and trouble.how != "reset after":
            self._go_wrong(trouble)
            return
        with self.api.lock:
            self.api.requests.append((self.command, self.path))
            self.api.settle()
            status, answer = self._reply(body)
        if trouble is not None:
            self._go_wrong(trouble)
            return
        self._send(status, json.dumps(answer))

    def _send(self, status: int, answer: str, kind: str = "application/json", **more: str) -> None:
        text = answer.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def _go_wrong(self, trouble: Trouble) -> None:
        if isinstance(trouble.how, str):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        after = {} if trouble.retry_after is None else {"Retry_After": str(trouble.retry_after)}
        body = trouble.body or status_of(trouble.how, "not now")
        self._send(trouble.how, json.dumps(body), **after)

    def _reply(self, body: Manifest | None) -> tuple[int, Manifest]:
        split = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        path = split.path
        if self.api.answer_all:
            return self.api.answer_all, {"kind": "Status", "message": "so I was told"}
        if path == "/version":
            return 200, dict.fromkeys(VERSION_FIELDS, "1")
        if path.endswith("/selfsubjectaccessreviews"):
            return 201, self._review(body or {})
        item = path in self.api.objects
        plural = path.rsplit("/", 2)[-2] if item else path.rsplit("/", 1)[1]
        if (self.command, plural) in self.api.refused:
            return 403, {"kind": "Status", "message": "forbidden"}
        handler = getattr(self, f"_{self.command.lower()}")
        answer: tuple[int, Manifest] = handler(path, item, query, body)
        return answer

    def _review(self, body: Manifest) -> Manifest:
        asked = body["spec"]["resourceAttributes"]
        verb = {"create": "POST", "delete": "DELETE", "list": "GET", "get": "GET"}[asked["verb"]]
        allowed = (verb, asked["resource"]) not in self.api.refused
        return {**body, "status": {"allowed": allowed}}

    def _get(self, path: str, item: bool, query: dict[str, str], body: object) -> tuple[int, Any]:
        if item:
            return 200, self.api.objects[path]
        if path.rsplit("/", 1)[1] not in PLURALS:
            return 404, {}
        return 200, {"items": [self.api.objects[p] for p in self._members(path, query)]}

    def _members(self, path: str, query: dict[str, str]) -> list[str]:
        label, _, value = query.get("labelSelector", "").partition("=")
        name = query.get("fieldSelector", "").removeprefix("metadata.name=")
        found = []
        for each, stored in self.api.objects.items():
            labels = stored["metadata"].get("labels") or {}
            fits = not label or (labels.get(label) == value if value else label in labels)
            collection = each.rsplit("/", 1)[0]
            within = collection == path or (
                "/namespaces/" in each and re.sub(r"/namespaces/[^/]+", "", collection) == path
            )
            if within and fits and name in ("", stored["metadata"]["name"]):
                found.append(each)
        return found

    def _post(self, path: str, item: bool, query: object, body: Manifest) -> tuple[int, Manifest]:
        namespace = namespace_of(path)
        if namespace and f"/api/v1/namespaces/{namespace}" not in self.api.objects:
            return 404, {}
        if f"{path}/{body['metadata']['name']}" in self.api.objects:
            return 409, status_of(409, "it already exists", "AlreadyExists")
        return 201, self.api.put(body, path)

    def _put(self, path: str, item: bool, query: object, body: Manifest) -> tuple[int, Manifest]:
        if not item:
            return 404, {}
        there = self.api.objects[path]["metadata"]
        sent = body["metadata"]
        if sent.get("resourceVersion") not in (None, there["resourceVersion"]):
            return 409, {}
        merged = {**body, "metadata": {**sent, "uid": there["uid"]}}
        return 200, self.api.put(merged, path.rsplit("/", 1)[0])

    def _patch(self, path: str, item: bool, query: object, body: Manifest) -> tuple[int, Manifest]:
        if not item:
            return 404, {}
        there = self.api.objects[path]
        if (body.get("metadata") or {}).get("uid") not in (None, there["metadata"]["uid"]):
            return 409, {}
        merged = merge_patched(there, body)
        return 200, self.api.put(merged, path.rsplit("/", 1)[0])

    def _delete(
        self, path: str, item: bool, query: dict[str, str], body: object
    ) -> tuple[int, Any]:
        if not item and (members := self._members(path, query)):
            for member in members:
                del self.api.objects[member]
            return 200, {}
        if not item:
            return 404, {}
        stored = self.api.objects[path]
        options = body if isinstance(body, dict) else {}
        wanted = options.get("preconditions", {}).get("uid")
        if wanted not in (None, stored["metadata"]["uid"]):
            return 409, {}
        if path.rsplit("/", 1)[0] != "/api/v1/namespaces":
            del self.api.objects[path]
            return 200, {}
        stored["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        stored["goneAt"] = time.monotonic() + self.api.namespace_s
        name = stored["metadata"]["name"]
        if name in self.api.stuck:
            message = self.api.stuck[name]
            condition = {"type": "NamespaceContentRemaining", "status": "True", "message": message}
            stored["status"] = {"conditions": [condition]}
        return 200, stored
