"""Objects whose names tell versions apart, and that few clusters have: beside those of the cluster.

Their addresses are of documentation (RFC 5737, RFC 3849): nobody is there.
"""

from clusterdns.cluster import Manifest
from clusterdns.testbed import manifests as parts
from clusterdns.testbed.testbed import Workspace

HEADLESS, EXTERNAL = "upgrade-headless", "upgrade-external"
ENDPOINTS = {
    "IPv4": [
        {"addresses": ["192.0.2.30"], "hostname": "named"},
        {"addresses": ["192.0.2.31"]},
        {"addresses": ["192.0.2.32"], "conditions": {"ready": False}},
    ],
    "IPv6": [{"addresses": ["2001:db8:30::"]}, {"addresses": ["2001:db8::31"]}],
}


def manifests(workspace: Workspace) -> list[Manifest]:
    """A headless Service with endpoints of both families, and an alias of a name outside."""
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    headless = {"clusterIP": "None", "ports": [port]}
    alias = {"type": "ExternalName", "externalName": "host.dns-conformance.test"}
    found = [_service(workspace, HEADLESS, headless), _service(workspace, EXTERNAL, alias)]
    for family, endpoints in ENDPOINTS.items():
        name, owner = f"{HEADLESS}-{family.lower()}", {"kubernetes.io/service-name": HEADLESS}
        meta = parts.metadata(workspace.run, name, workspace.namespace, **owner)
        found.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": meta,
                "addressType": family,
                "endpoints": endpoints,
                "ports": [{**port, "port": 8080}],
            }
        )
    return found


def _service(workspace: Workspace, name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": parts.metadata(workspace.run, name, workspace.namespace),
        "spec": spec,
    }
