"""Bad input: one helpful paragraph within 10 seconds, whatever is wrong with the connection."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster
from clusterdns.run.active import Run
from clusterdns.run.reachable import CannotConnectError, connect, may, require_namespaces
from clusterdns.wait import eventually
from selftests.lifecycle.fake_api import FakeApi, Manifest, write_kubeconfig

WITHIN = 10.0


def exec_user(script: str) -> Manifest:
    """A user whose credentials come from a login helper."""
    section = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", script],
        "interactiveMode": "Never",
    }
    return {"exec": section}


def refusal(attempt: Callable[[], object]) -> str:
    """The paragraph that an attempt ends with; it must come in time."""
    started = time.monotonic()
    with pytest.raises(CannotConnectError) as refused:
        attempt()
    assert time.monotonic() - started < WITHIN
    paragraph = str(refused.value)
    assert "\n" not in paragraph
    assert len(paragraph) > 100
    return paragraph


def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_good_context_connects(api: FakeApi, tmp_path: Path) -> None:
    """Also when the context is not named: then it is the current one."""
    path = str(api.kubeconfig(tmp_path))

    assert connect(path, "fake").configuration.host == api.url
    assert connect(path, None).configuration.host == api.url


def test_kubeconfig_is_read_from_the_environment(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECONFIG may name several files, as for kubectl."""
    path = api.kubeconfig(tmp_path)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{path}")

    assert connect(None, "fake").configuration.host == api.url


def test_an_unknown_context_names_those_that_exist(api: FakeApi, tmp_path: Path) -> None:
    """The user sees the typing error at once."""
    paragraph = refusal(lambda: connect(str(api.kubeconfig(tmp_path)), "fakr"))

    assert "no context 'fakr'" in paragraph
    assert "it has: fake." in paragraph


@pytest.mark.parametrize("text", [None, "", "- a\n- b\n", "{", "contexts: 7\n", "\0"], ids=repr)
def test_a_useless_kubeconfig_is_named(tmp_path: Path, text: str | None) -> None:
    """A file that is not there, empty, or no kubeconfig."""
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)

    assert str(path) in refusal(lambda: connect(str(path), "fake"))


def test_a_context_without_its_cluster_is_named(tmp_path: Path) -> None:
    """The context exists, what it points to does not."""
    path = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")
    path.write_text(path.read_text().replace("cluster: c\n", "cluster: d\n"))

    paragraph = refusal(lambda: connect(str(path), "fake"))

    assert "context 'fake'" in paragraph
    assert "object with name d" in paragraph


def test_no_current_context_is_needed_when_one_is_named(api: FakeApi, tmp_path: Path) -> None:
    """Many kubeconfigs have none; without both the user is told what there is."""
    path = api.kubeconfig(tmp_path)
    path.write_text(path.read_text().replace("current-context: fake\n", ""))

    assert connect(str(path), "fake").configuration.host == api.url
    assert "it has: fake" in refusal(lambda: connect(str(path), None))


def test_an_unreachable_server_is_said_with_its_address(tmp_path: Path) -> None:
    """Nobody listens there."""
    url = f"https://127.0.0.1:{closed_port()}"
    path = write_kubeconfig(tmp_path / "kubeconfig", url)

    paragraph = refusal(lambda: connect(str(path), "fake"))

    assert url in paragraph
    assert "cannot be reached" in paragraph
    assert "refused" in paragraph


def test_a_server_that_never_answers_is_not_waited_for(api: FakeApi, tmp_path: Path) -> None:
    """It accepts the connection and says nothing."""
    api.stall_s = 30

    paragraph = refusal(lambda: connect(str(api.kubeconfig(tmp_path)), "fake"))

    assert "timed out" in paragraph


def test_a_server_that_speaks_no_tls_is_said(api: FakeApi, tmp_path: Path) -> None:
    """The address is that of something else."""
    path = write_kubeconfig(tmp_path / "kubeconfig", api.url.replace("http:", "https:"))

    assert "TLS" in refusal(lambda: connect(str(path), "fake"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, ("refuses the credentials", "expired", "auth whoami")),
        (403, ("lets them do too little", "system:anonymous")),
        (404, ("something else", "404")),
        (503, ("starting or overloaded", "503")),
    ],
)
def test_a_refusal_is_told_apart(
    api: FakeApi, tmp_path: Path, status: int, words: tuple[str, ...]
) -> None:
    """Credentials, rights, a wrong address and a faulty server each have their own advice."""
    api.answer_all = status

    paragraph = refusal(lambda: connect(str(api.kubeconfig(tmp_path)), "fake"))

    assert [word for word in words if word not in paragraph] == []


def test_no_permission_to_create_namespaces_is_asked_first(cluster: Cluster, api: FakeApi) -> None:
    """By a SelfSubjectAccessReview: nothing is created to find out."""
    api.refused.add(("POST", "namespaces"))

    paragraph = refusal(lambda: require_namespaces(cluster))

    assert "not allowed to create namespaces" in paragraph
    assert may(cluster, "delete", "namespaces")
    assert ("POST", "/api/v1/namespaces") not in api.requests


def test_credentials_that_expire_meanwhile_are_said(cluster: Cluster, api: FakeApi) -> None:
    """The question for a permission is answered with 401."""
    api.answer_all = 401

    assert "refuses the credentials" in refusal(lambda: require_namespaces(cluster))


def test_a_login_helper_that_works_is_used(api: FakeApi, tmp_path: Path) -> None:
    """Its token goes to the API server."""
    answer = (
        '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        '"status":{"token":"secret"}}'
    )
    path = api.kubeconfig(tmp_path, exec_user(f"echo '{answer}'"))

    connection = connect(str(path), "fake")

    assert connection.configuration.api_key["BearerToken"] == "Bearer secret"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'token has expired, run: login' >&2; exit 3", ("token has expired, run: login",)),
        ("echo nonsense", ("decode",)),
        ('echo \'{"apiVersion":"x","kind":"ExecCredential","status":{}}\'', ("api version x",)),
        ("echo $$ > PID; exec sleep 60", ("did not end within 8 s",)),
    ],
    ids=["fails", "nonsense", "old-version", "hangs"],
)
def test_a_login_helper_that_fails_is_quoted(
    api: FakeApi, tmp_path: Path, script: str, words: tuple[str, ...]
) -> None:
    """With its own words; one that hangs is ended."""
    path = api.kubeconfig(tmp_path, exec_user(script.replace("PID", str(tmp_path / "pid"))))

    paragraph = refusal(lambda: connect(str(path), "fake"))

    assert [word for word in words if word not in paragraph] == []
    assert "user 'u'" in paragraph
    if (tmp_path / "pid").exists():
        helper = Path("/proc") / (tmp_path / "pid").read_text().strip()
        assert eventually(lambda: is_running(helper), False, within=2) is False


def is_running(process: Path) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    try:
        return "State:\tZ" not in (process / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may end while it is read
        return False


def test_no_login_helper_at_all_is_said(api: FakeApi, tmp_path: Path) -> None:
    """The program is not installed here."""
    user = exec_user("true")
    user["exec"]["command"] = "no-such-login-helper"

    paragraph = refusal(lambda: connect(str(api.kubeconfig(tmp_path, user)), "fake"))

    assert "no-such-login-helper" in paragraph


def test_secrets_are_never_told(api: FakeApi, tmp_path: Path) -> None:
    """No paragraph quotes a token."""
    api.answer_all = 401
    path = api.kubeconfig(tmp_path, {"token": "topsecret"})

    assert "topsecret" not in refusal(lambda: connect(str(path), "fake"))


def test_a_password_in_the_address_is_never_told(
    api: FakeApi, tmp_path: Path, folder: Path
) -> None:
    """https://user:password@host connects as before; nobody is told more than the host."""
    url = api.url.replace("://", "://admin:s3cret@")
    path = str(write_kubeconfig(tmp_path / "with-password", url))
    cluster = Cluster(connect(path, "fake"), "fake", path)
    run = Run.start(folder)
    run.enter(cluster)
    state = run.state.path.read_text()
    run.finish(5)
    closed = f"http://admin:s3cret@127.0.0.1:{closed_port()}"
    gone = str(write_kubeconfig(tmp_path / "gone", closed))

    said = refusal(lambda: connect(gone, "fake"))

    assert cluster.server == api.url.replace("://", "://***@")
    for text in (state, said):
        assert "***@127.0.0.1" in text
        assert "s3cret" not in text
