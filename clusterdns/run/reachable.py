"""Connect to a cluster, or say in one paragraph why that is impossible and what to do."""

import contextlib
import logging
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger

from clusterdns.api_errors import NoAnswerError, in_words, wrong_server
from clusterdns.api_requests import CountingClient
from clusterdns.background import begin, has_ended
from clusterdns.cluster import Cluster
from clusterdns.printable import without_passwords
from clusterdns.run.ledger import one_line

CONNECT_S = 3.0  # seconds for the connection
ANSWER_S = 4.0  # seconds for the first answer
PATIENCE_S = 3.0  # seconds in which a first request that was turned away is made again
# What reading a file of another shape ends with.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
LOGIN_S = 8.0  # seconds for the login helper that a kubeconfig may name


class CannotConnectError(Exception):
    """No cluster to judge; the text is a paragraph for the user."""


class DeadlineClient(CountingClient):
    """An ApiClient whose every request has a deadline, also when the caller names none."""

    def call_api(  # noqa: D102 - as in ApiClient
        self,
        method: str,
        url: str,
        header_params: dict[str, str] | None = None,
        body: object | None = None,
        post_params: object | None = None,
        _request_timeout: float | tuple[float, float] | None = None,
    ) -> Any:  # noqa: ANN401 - as in ApiClient
        timeout = _request_timeout or (CONNECT_S, 30.0)
        return super().call_api(method, url, header_params, body, post_params, timeout)


def connect(kubeconfig: str | None, context: str | None) -> client.ApiClient:
    """A connection that has been tried, as kubectl would make it.

    Reads the kubeconfig, else KUBECONFIG, else ``~/.kube/config``. Raises CannotConnectError within
    10 s, with a paragraph that says what is wrong and what to do.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    entry = _read_context(files, context)
    settings = client.Configuration()
    # A request that met a dying kept-alive connection is sent once more; nothing else is.
    # What a Retry-After asks for is done by clusterdns.patience: urllib3 would make an error of it.
    settings.retries = urllib3.Retry(
        total=1, connect=0, read=1, redirect=0, status=0, respect_retry_after_header=False
    )
    _log_in(files, entry, settings)
    connection = DeadlineClient(settings)
    try:
        first = Cluster(connection, entry["name"], deadline=ANSWER_S).hurried(PATIENCE_S)
        version = first.request("GET", "/version")
        if "gitVersion" not in version:
            raise wrong_server(settings.host, str(version))
    except Exception as error:
        raise CannotConnectError(
            diagnose_connection(error, entry["name"], settings.host)
        ) from error
    return connection


def may(
    cluster: Cluster, verb: str, resource: str, namespace: str | None = None, group: str = ""
) -> bool:
    """Whether we are allowed to do this, as the API server says (SelfSubjectAccessReview).

    Raises CannotConnectError when the question itself is refused.
    """
    asked = {"group": group, "namespace": namespace or "", "resource": resource, "verb": verb}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": asked},
    }
    try:
        answer = replace(cluster, deadline=ANSWER_S).create(review)
    except Exception as error:
        text = diagnose_connection(error, cluster.context, cluster.server)
        raise CannotConnectError(text) from error
    return bool((answer.get("status") or {}).get("allowed"))


def require_namespaces(cluster: Cluster) -> None:
    """Raise CannotConnectError when we may not create and delete namespaces."""
    missing = [v for v in ("create", "delete") if not may(cluster, v, "namespaces")]
    if missing:
        raise CannotConnectError(
            f"The credentials of context {cluster.context!r} are not allowed to "
            f"{' and '.join(missing)} namespaces on {cluster.server}. The suite works in "
            "namespaces of its own. Use an account that may (cluster-admin can), or give the suite "
            "an existing one with --namespace NAME: it then leaves out what needs a second one. "
            "`--plan` lists every object and verb that is needed; "
            "`kubectl auth can-i create namespaces` asks the same question."
        )


def require_existing(cluster: Cluster, namespace: str) -> None:
    """Raise CannotConnectError when a namespace is not there, or we may not make pods in it."""
    where = f"on {cluster.server} (context {cluster.context!r})"
    if not may(cluster, "create", "pods", namespace):
        raise CannotConnectError(
            f"The credentials are not allowed to create pods in namespace {namespace!r} {where}. "
            "Ask for that right, or name another namespace with --namespace NAME; `--plan` lists "
            "every object and verb that is needed."
        )
    try:
        found = cluster.find("Namespace", namespace)
    except client.ApiException as error:
        if error.status == 403:
            return  # not allowed to look; whether it exists shows at the first object
        text = diagnose_connection(error, cluster.context, cluster.server)
        raise CannotConnectError(text) from error
    if found is None:
        raise CannotConnectError(
            f"There is no namespace {namespace!r} {where}. Create it, or leave --namespace out: "
            "the suite then makes namespaces of its own and deletes them."
        )


def diagnose_connection(error: BaseException, context: str, host: str) -> str:
    """One paragraph: what went wrong on the way to the API server, and what to do."""
    host = without_passwords(host)
    status = getattr(error, "status", None)
    if status == 401:
        return (
            f"The API server {host} refuses the credentials of context {context!r} (401 "
            "Unauthorized): they are wrong, revoked or expired, be it a token, a client "
            "certificate or a login helper's answer. Log in again, or fetch a new kubeconfig; "
            f"`kubectl --context {context} auth whoami` shows when it works."
        )
    if status == 403:
        return (
            f"The API server {host} knows the credentials of context {context!r} but lets them do "
            "too little (403 Forbidden), not even ask what they may do; without credentials one "
            "is system:anonymous. Check the user of the context with "
            f"`kubectl --context {context} auth whoami`."
        )
    if isinstance(error, client.ApiException) and status:
        return (
            f"At the first request to {host} of context {context!r} {in_words(error)}. It may be "
            "starting or overloaded, or the address may be that of something else; try "
            f"`kubectl --context {context} get --raw /readyz`."
        )
    if isinstance(error, NoAnswerError) and "no Kubernetes API server" in str(error):
        words = without_passwords(str(error))
        return (
            f"{words[0].upper()}{words[1:]}. Check the address of context {context!r} in "
            "the kubeconfig, and proxies and port forwardings on the way; `kubectl --context "
            f"{context} get --raw /version` should print a version."
        )
    text = without_passwords(" ".join(str(getattr(error, "reason", None) or error).split()))
    text = text.removeprefix(f"the API server {host} does not answer: ")
    if "certificate" in text.lower() or "SSL" in text:
        return (
            f"The TLS connection to the API server {host} of context {context!r} failed: "
            f"{text[:300]}. The kubeconfig belongs to another cluster, its certificate authority "
            "or client certificate is out of date, or something on the way breaks TLS. Fetch a "
            "new kubeconfig for this cluster."
        )
    return (
        f"The API server {host} of context {context!r} cannot be reached: {text[:300]}. Is the "
        "cluster running, is this address right from here (VPN, proxy settings), and is nothing "
        f"filtering the port? `kubectl --context {context} version` should answer."
    )


def advice(error: BaseException | str) -> str:
    """What to do when the API server refused something, or was away, in a sentence or two."""
    text = one_line(error) if isinstance(error, BaseException) else error
    if " cannot " in text and " resource " in text:
        return "Ask for that right; `--plan` lists every object and verb that is used."
    if "exceeded quota" in text:
        return "Raise that quota, or give the suite another namespace with --namespace NAME."
    if "answered 403" in text or "admission webhook" in text or "answered 422" in text:
        return (
            "A policy of the cluster refuses it: exempt the namespaces of the suite "
            "(dns-conf-*), or give it one that is exempt with --namespace NAME."
        )
    return "Run it again when the API server is well: `kubectl get --raw /readyz` tells."


def nothing_judged(number: int, reason: str) -> str:
    """The paragraph for a run in which no check at all could be tried."""
    which = "The only selected check" if number == 1 else f"None of the {number} selected checks"
    how = "could not be tried" if number == 1 else "could be tried"
    return f"{which} {how}: {reason}. {advice(reason)}"


def _read_context(files: str, context: str | None) -> dict[str, Any]:
    """The context's entry in the kubeconfig. Raises CannotConnectError."""
    try:
        merged = KubeConfigMerger(files).config
        known = {each.value["name"]: dict(each.value) for each in merged.value["contexts"]}
        chosen = context or merged.value.get("current-context")
    except (ConfigException, yaml.YAMLError, OSError, *_MALFORMED) as error:
        raise CannotConnectError(
            f"The kubeconfig {files} cannot be used: {_words(error)}. Name the right file with "
            "--kubeconfig FILE or KUBECONFIG; `kubectl config view` shows what kubectl reads."
        ) from error
    if chosen in known:
        return known[chosen]
    names = ", ".join(sorted(known)) or "none at all"
    raise CannotConnectError(
        f"There is no context {chosen!r} in {files}; it has: {names}. Choose one of them with "
        "--kube-context NAME, or name the right file with --kubeconfig FILE or KUBECONFIG."
    )


def _words(error: BaseException) -> str:
    """What went wrong with a file, in one line."""
    if isinstance(error, _MALFORMED):
        return "it is missing, or not what a kubeconfig looks like"
    return " ".join(str(error).split())[:300]


def _log_in(files: str, entry: dict[str, Any], settings: client.Configuration) -> None:
    """Load address and credentials, which may run a login helper. Raises CannotConnectError."""
    complaints = _Complaints()
    threads: list[int] = []  # the one that loads, as the kernel numbers it

    def load() -> None:
        threads.append(threading.get_native_id())
        config.load_kube_config(files, entry["name"], settings, persist_config=False)

    root = logging.getLogger()
    root.addHandler(complaints)
    try:
        login = begin("login", load)
        ended = has_ended(login, LOGIN_S)
    finally:
        root.removeHandler(complaints)
    if not ended:
        _end_children_of(*threads)
        why = f"did not end within {LOGIN_S:.0f} s (does it wait for a browser or a password?)"
    elif (failure := login.exception()) is not None:
        why = " ".join(str(failure).split())[:400]
    elif complaints.texts:
        why = " ".join(" ".join(complaints.texts).split())[:400]
    else:
        return
    user = (entry.get("context") or {}).get("user")
    raise CannotConnectError(
        f"The credentials of user {user!r} for context {entry['name']!r} in {files} cannot be "
        f"loaded: {why}. If the user has an exec section, run its command by hand and log in "
        f"again; `kubectl --context {entry['name']} auth whoami` shows when it works."
    )


class _Complaints(logging.Handler):
    """What the client library only logs: that a login helper failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _end_children_of(*threads: int) -> None:
    """End the processes that these threads have started (Linux knows them by thread)."""
    for thread in threads:
        listing = Path(f"/proc/self/task/{thread}/children")
        for pid in listing.read_text().split() if listing.exists() else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
