"""A webhook that rewrites every pod that is made: a server of this process, and its configuration.

It listens on the address by which the nodes know this machine, the gateway of their network, with
a certificate of its own that openssl makes (Kubernetes, "Dynamic Admission Control").
"""

import base64
import json
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from clusterdns.cluster import Manifest
from trials.faults.nodes import NodeError, on_node
from trials.faults.scene import Scene

NAME = "pod-rewriter"
GATEWAY = "ip -4 route show default"
OPENSSL_S = 30.0
OWN = ["kube-system", "local-path-storage", "default"]
OTHERS = {
    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": OWN}]
}


def rewrite_pods(scene: Scene, patch: Sequence[Manifest]) -> None:
    """Apply a JSON patch (RFC 6902) to every pod that is made outside the cluster's own places.

    Raises NodeError where there is no certificate to be had.
    """
    address = on_node(scene.control_plane, GATEWAY).split()[2]
    server, authority = _serve(address, patch)
    scene.on_revert("the webhook's server", server.shutdown)
    where = f"https://{address}:{server.server_address[1]}/"
    hook = {
        "name": f"{NAME}.example.org",
        "clientConfig": {"url": where, "caBundle": base64.b64encode(authority).decode()},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
            }
        ],
        "namespaceSelector": OTHERS,
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
    }
    scene.create(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": NAME},
            "webhooks": [hook],
        }
    )


def _serve(address: str, patch: Sequence[Manifest]) -> tuple[ThreadingHTTPServer, bytes]:
    """The server, which runs, and its certificate in PEM."""
    encoded = base64.b64encode(json.dumps(list(patch)).encode()).decode()

    class Rewriter(BaseHTTPRequestHandler):
        """Answers every AdmissionReview with the patch."""

        def do_POST(self) -> None:
            """Allow the pod, rewritten."""
            size = int(self.headers.get("Content-Length", 0))
            review = json.loads(self.rfile.read(size))
            said = {"uid": review["request"]["uid"], "allowed": True}
            review = {
                "apiVersion": review["apiVersion"],
                "kind": review["kind"],
                "response": {**said, "patchType": "JSONPatch", "patch": encoded},
            }
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests are not news."""

    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        _certify(address, key, certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        authority = certificate.read_bytes()
    server = ThreadingHTTPServer((address, 0), Rewriter)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, authority


def _certify(address: str, key: Path, certificate: Path) -> None:
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=IP:{address}"]
    words += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(words, check=True, capture_output=True, timeout=OPENSSL_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeError(f"openssl made no certificate for the webhook: {error}") from None
