"""On a real API server: refused credentials and missing rights, told apart within 10 seconds."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from clusterdns.cluster import Cluster, Manifest, path_of
from clusterdns.run.identity import RunId
from clusterdns.run.reachable import (
    CannotConnectError,
    connect,
    require_existing,
    require_namespaces,
)

WITHIN = 10.0  # seconds until the paragraph is there


@pytest.fixture
def place(cluster: Cluster) -> Iterator[str]:
    """A namespace with a service account that may do nothing."""
    name = f"selftest-{RunId.new()}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    account = {"name": "nobody", "namespace": name}
    cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    yield name
    cluster.delete("Namespace", name)


def kubeconfig_for(cluster: Cluster, folder: Path, user: Manifest) -> str:
    """The cluster's own kubeconfig with another user in the place of its administrator."""
    assert cluster.kubeconfig is not None
    known = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    entry = next(each for each in known["contexts"] if each["name"] == cluster.context)
    for each in known["users"]:
        if each["name"] == entry["context"]["user"]:
            each["user"] = user
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(known))
    return str(path)


def foreign_certificate(folder: Path) -> Manifest:
    """A client certificate that this cluster's authority has not signed, expired at once."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = "/O=system:masters/CN=somebody"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    files = ["-subj", subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words, *files], check=True, capture_output=True)
    return {"client-certificate": str(certificate), "client-key": str(key)}


@pytest.mark.parametrize("kind", ["token", "certificate"])
def test_refused_credentials_are_said(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    """A wrong token and a certificate of another authority: 401, and what to do."""
    user = {"token": "wrong"} if kind == "token" else foreign_certificate(tmp_path)
    path = kubeconfig_for(cluster, tmp_path, user)
    started = time.monotonic()

    with pytest.raises(CannotConnectError, match="refuses the credentials"):
        connect(path, cluster.context)

    assert time.monotonic() - started < WITHIN


def test_no_credentials_are_too_few(cluster: Cluster, tmp_path: Path) -> None:
    """Anonymous may ask for the version, and for nothing else."""
    path = kubeconfig_for(cluster, tmp_path, {})

    with pytest.raises(CannotConnectError, match="system:anonymous"):
        require_namespaces(Cluster(connect(path, cluster.context), cluster.context))


def test_an_account_without_rights_is_told_which_it_lacks(
    cluster: Cluster, place: str, tmp_path: Path
) -> None:
    """Asked by SelfSubjectAccessReview, before anything is made."""
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 600},
    }
    answer = cluster.request("POST", f"{path_of('ServiceAccount', place, 'nobody')}/token", request)
    path = kubeconfig_for(cluster, tmp_path, {"token": answer["status"]["token"]})
    nobody = Cluster(connect(path, cluster.context), cluster.context)

    with pytest.raises(CannotConnectError, match="not allowed to create and delete namespaces"):
        require_namespaces(nobody)
    with pytest.raises(CannotConnectError, match="not allowed to create pods"):
        require_existing(nobody, place)
