"""Nothing can be judged: exit 10, one paragraph that helps, a report, and nothing left behind.

How long each takes is printed, not judged: these machines are busy.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusterdns.cluster import Cluster, path_of
from clusterdns.run.identity import RunId
from selftests.cluster.sessions import Session, Sessions, on_this_machine, ours_in, seconds_since
from selftests.cluster.test_credentials import kubeconfig_for
from trials.cluster import Breakable

QUICK = "--profile=quick"


READ = {
    "": ["configmaps", "namespaces", "nodes", "pods", "services"],
    "apps": ["daemonsets", "deployments"],
    "discovery.k8s.io": ["endpointslices"],
}


@pytest.fixture
def account(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """The name and the token of a service account that may do nothing."""
    name = f"selftest-{RunId.new()}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    nobody = {"name": "nobody", "namespace": name}
    cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": nobody})
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 600},
    }
    answer = cluster.request("POST", f"{path_of('ServiceAccount', name, 'nobody')}/token", request)
    yield name, str(answer["status"]["token"])
    cluster.delete("Namespace", name)


@pytest.fixture
def reader(cluster: Cluster, account: tuple[str, str]) -> Iterator[str]:
    """The token of an account that may read whatever the suite reads, and make nothing."""
    name, token = account
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    rules = [
        {"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]}
        for group, resources in READ.items()
    ]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    who = {"kind": "ServiceAccount", "name": "nobody", "namespace": name}
    cluster.create({**head, "kind": "ClusterRole", "rules": rules})
    cluster.create({**head, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [who]})
    yield token
    cluster.delete("ClusterRoleBinding", name)
    cluster.delete("ClusterRole", name)


def nothing_judged(session: Session, *words: str) -> dict[str, Any]:
    """The report of a session that must end with 10 and say these words in one paragraph."""
    started = time.monotonic()
    code = session.end()
    print(seconds_since(started))
    assert code == 10, session.output
    document = session.document()
    assert (document["exitCode"], document["result"]) == (10, "error")
    assert {check["outcome"] for check in document["checks"]} == {"not-run"}
    assert document["cleanup"]["state"] == "clean"
    (paragraph,) = {str(check["message"]) for check in document["checks"]}
    print(paragraph)
    assert "\n\n" not in paragraph
    assert all(word in paragraph for word in words), paragraph
    assert paragraph in " ".join(session.output.split()) or paragraph in session.output
    assert "Traceback" not in session.output
    assert session.states() == []
    return document


def test_unknown_context(sessions: Sessions, selftest_cluster: Breakable) -> None:
    """The contexts that there are help to find the right one."""
    kubeconfig = f"--kubeconfig={selftest_cluster.kubeconfig}"
    session = sessions.pytest(QUICK, kubeconfig, "--kube-context=nobody")

    nothing_judged(session, "nobody", selftest_cluster.context)


def test_unreachable_server(
    sessions: Sessions, selftest_cluster: Breakable, tmp_path: Path
) -> None:
    """A port of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        known = yaml.safe_load(selftest_cluster.kubeconfig.read_text())
        for each in known["clusters"]:
            each["cluster"]["server"] = f"https://127.0.0.1:{port}"
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(known))
        context = f"--kube-context={selftest_cluster.context}"
        session = sessions.pytest(QUICK, f"--kubeconfig={path}", context)

        nothing_judged(session, f"127.0.0.1:{port}")


def test_refused_credentials(sessions: Sessions, cluster: Cluster, tmp_path: Path) -> None:
    """A token that the API server does not know."""
    path = kubeconfig_for(cluster, tmp_path, {"token": "wrong"})
    context = f"--kube-context={cluster.context}"
    session = sessions.pytest(QUICK, f"--kubeconfig={path}", context)

    nothing_judged(session, "credentials", "401")


def test_no_right_at_all(
    sessions: Sessions, cluster: Cluster, account: tuple[str, str], tmp_path: Path
) -> None:
    """What cannot even be read is named, and so is the list of all that is needed."""
    path = kubeconfig_for(cluster, tmp_path, {"token": account[1]})
    context = f"--kube-context={cluster.context}"
    session = sessions.pytest(QUICK, f"--kubeconfig={path}", context)

    nothing_judged(session, "403", "--plan")
    assert ours_in(cluster) == []


def test_no_right_to_create_a_namespace(
    sessions: Sessions, cluster: Cluster, reader: str, tmp_path: Path
) -> None:
    """What is lacking is named, and so is the way around."""
    path = kubeconfig_for(cluster, tmp_path, {"token": reader})
    context = f"--kube-context={cluster.context}"
    session = sessions.pytest(QUICK, f"--kubeconfig={path}", context)

    nothing_judged(session, "create and delete namespaces", "--namespace")
    assert ours_in(cluster) == []


def test_image_that_cannot_be_pulled(sessions: Sessions, selftest_cluster: Breakable) -> None:
    """The kubelet's reason is told while it is waited for, and in the end."""
    context = f"--kube-context={selftest_cluster.context}"
    kubeconfig = f"--kubeconfig={selftest_cluster.kubeconfig}"
    image = "localhost/none:1"
    session = sessions.pytest(QUICK, kubeconfig, context, f"--dnsutils-image={image}")

    document = nothing_judged(session, image, "--dnsutils-image", "--image-registry")
    assert "ErrImagePull" in session.output
    assert document["timing"]["teardown_s"] > 0
    assert ours_in(selftest_cluster.api) == []


def test_no_container_engine(sessions: Sessions, tmp_path: Path) -> None:
    """Without docker on PATH no cluster can be made; ./run would bring it."""
    before = on_this_machine()
    (tmp_path / "empty").mkdir()
    session = sessions.pytest(
        QUICK, f"--kind-bin={sessions.tools.kind}", PATH=str(tmp_path / "empty")
    )

    nothing_judged(session, "container engine", "./run")
    assert on_this_machine() == before


def test_no_kind(sessions: Sessions, tmp_path: Path) -> None:
    """Without kind and without a context: both ways out are named."""
    (tmp_path / "empty").mkdir()
    session = sessions.pytest(QUICK, PATH=str(tmp_path / "empty"))

    nothing_judged(session, "--kind-bin", "--kube-context")


def test_a_cluster_that_kind_cannot_create(sessions: Sessions) -> None:
    """A node image that is none: kind's own words are shown, network and seal are gone."""
    before = on_this_machine()
    session = sessions.pytest(
        QUICK,
        f"--kind-bin={sessions.tools.kind}",
        f"--kind-kubectl-bin={sessions.tools.kubectl}",
        "--kind-image=localhost/none:1",
    )

    nothing_judged(session, "kind could not create the cluster")
    assert on_this_machine() == before
