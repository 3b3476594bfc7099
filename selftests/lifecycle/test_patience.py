"""What passes by itself is asked for again within a deadline; what does not is said at once."""

import ssl
import time
from pathlib import Path

import pytest
from kubernetes.client import ApiException
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, SSLError

from clusterdns.api_errors import NoAnswerError, NotFoundError, no_answer
from clusterdns.cluster import Cluster, Manifest, path_of
from clusterdns.run.identity import RunId
from clusterdns.run.ledger import one_line
from clusterdns.run.reachable import CannotConnectError, connect
from selftests.lifecycle.fake_api import FakeApi, Trouble, status_of, write_kubeconfig

RUN = RunId("dns-conf-12345678")


@pytest.fixture
def patient(cluster: Cluster) -> Cluster:
    """A connection that tries again for two seconds."""
    return cluster.hurried(2.0)


def config_map(**labels: str) -> Manifest:
    """An object of the run."""
    metadata = {"name": "one", "namespace": "kube-system", "labels": {**RUN.labels, **labels}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.mark.parametrize("trouble", [429, 500, 502, 503, 504, "reset", "reset after"], ids=str)
@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH", "DELETE"])
def test_what_passes_is_asked_for_again(
    api: FakeApi, patient: Cluster, verb: str, trouble: int | str
) -> None:
    """Every verb, every answer of a server that is busy or restarting, twice each."""
    if verb != "POST":
        patient.create(config_map())
    api.troubles = [Trouble(trouble), Trouble(trouble)]

    if verb == "POST":
        assert patient.create(config_map())["metadata"]["name"] == "one"
    elif verb == "PATCH":
        patient.patch("ConfigMap", "one", "kube-system", {"spec": {}})
    elif verb == "DELETE":
        patient.delete("ConfigMap", "one", "kube-system")
    else:
        assert patient.get("ConfigMap", "one", "kube-system")

    assert api.troubles == []


def test_retry_after_is_obeyed(api: FakeApi, patient: Cluster) -> None:
    """A server that asks for a second is given it."""
    api.troubles = [Trouble(429, retry_after=1)]
    began = time.monotonic()

    patient.list("Node")

    assert time.monotonic() - began >= 1.0


def test_what_was_made_unseen_is_ours_only_by_its_label(api: FakeApi, patient: Cluster) -> None:
    """409 after a try whose answer was lost: our own object; of another run it stays 409."""
    theirs = config_map(**RunId("dns-conf-87654321").labels)
    api.put(theirs, path_of("ConfigMap", "kube-system"))
    api.troubles = [Trouble(503)]

    with pytest.raises(ApiException) as refused:
        patient.create(config_map())

    assert refused.value.status == 409


def test_what_stays_is_given_up_once(api: FakeApi, patient: Cluster) -> None:
    """The deadline is one for all requests of a kind, not one for each object."""
    api.answer_all = 503
    began = time.monotonic()

    answers = patient.try_all([config_map()] * 30)

    assert all(isinstance(each, ApiException) for each in answers)
    assert len(api.requests) < 30 + 8 * 12
    assert time.monotonic() - began < 20.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_said_at_once(api: FakeApi, patient: Cluster, status: int) -> None:
    """With the words of the API server."""
    api.answer_all = status
    before = len(api.requests)

    with pytest.raises(ApiException) as refused:
        patient.list("Node")

    assert len(api.requests) == before + 1
    assert f"{status}" in one_line(refused.value)
    assert "so I was told" in one_line(refused.value)


def test_a_server_that_has_just_started_refuses_everybody(api: FakeApi, patient: Cluster) -> None:
    """After an absence a refusal passes: the new API server has not read the rules yet."""
    patient.create(config_map())
    # The connection itself takes one reset for a kept-alive one that died.
    api.troubles = [Trouble("reset"), Trouble("reset"), Trouble(403), Trouble(403)]

    assert patient.get("ConfigMap", "one", "kube-system")
    assert api.troubles == []


def test_a_namespace_without_its_account_is_waited_for(api: FakeApi, patient: Cluster) -> None:
    """The one refusal that passes: controllers are slower than we are."""
    early = 'pods "one" is forbidden: error looking up service account a/default: not found'
    api.troubles = [Trouble(403, status_of(403, early))]

    assert patient.list("Node") == []


@pytest.mark.parametrize(
    "page",
    [
        "<html>Please log in</html>",
        "[]",
        "{}",
        '{"kind": "SecretList", "items": []}',
        '{"hello": "I am a web server"}',
    ],
)
def test_who_is_no_api_server_is_told_apart(
    api: FakeApi, patient: Cluster, tmp_path: Path, page: str
) -> None:
    """Not an empty list, not an object that is not there, and no traceback."""
    api.page = page

    with pytest.raises(NoAnswerError, match="is no Kubernetes API server"):
        patient.list("Node")
    with pytest.raises(NoAnswerError, match="is no Kubernetes API server"):
        patient.find("Namespace", "kube-system")
    with pytest.raises(CannotConnectError, match="no Kubernetes API server"):
        connect(str(write_kubeconfig(tmp_path / "other", api.url)), "fake")


def test_a_log_of_a_dead_node_is_not_insisted_on(api: FakeApi, patient: Cluster) -> None:
    """What the kubelet does not give now it does not give in a moment either."""
    api.answer_all = 502
    before = len(api.requests)

    with pytest.raises(ApiException):
        patient.logs("kube-system", "coredns-1")

    assert len(api.requests) == before + 1


def test_a_page_that_is_not_found_is_no_absence(api: FakeApi, patient: Cluster) -> None:
    """404 of any web server: what we look for may well be there."""
    api.page, api.page_status = "<h1>404</h1>", 404

    with pytest.raises(NotFoundError):
        patient.find("Namespace", "kube-system")
    with pytest.raises(NotFoundError):
        patient.delete("Namespace", "kube-system")


def test_a_first_request_may_be_turned_away_once(api: FakeApi, tmp_path: Path) -> None:
    """One 429 is no reason to say that the cluster cannot be reached."""
    api.troubles = [Trouble(429, retry_after=1)]

    connect(str(api.kubeconfig(tmp_path)), "fake")


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred"), True),
        (ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed"), False),
    ],
)
def test_a_handshake_that_breaks_off_passes(error: ssl.SSLError, passes: bool) -> None:
    """As seen when a real API server is killed and comes back; a certificate stays wrong."""
    wrapped = MaxRetryError(HTTPSConnectionPool("127.0.0.1"), "/", SSLError(error))

    assert no_answer(wrapped, "https://127.0.0.1").passing is passes


def test_nobody_there_is_said_in_words(tmp_path: Path) -> None:
    """Without the addresses of Python's objects, which are never the same."""
    with pytest.raises(CannotConnectError, match=r"cannot be reached: .*refused") as silent:
        connect(str(write_kubeconfig(tmp_path / "nobody", "http://127.0.0.1:1")), "fake")

    assert "0x" not in str(silent.value)
