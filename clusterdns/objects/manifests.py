"""Manifests of what a run makes: pods that pass PodSecurity "restricted", on a chosen node."""

from collections.abc import Mapping, Sequence

from clusterdns.cluster import Manifest
from clusterdns.run.identity import RunId

USER = 65532  # "nonroot", as the official CoreDNS image has it


def metadata(run: RunId, name: str, namespace: str | None = None, **labels: str) -> Manifest:
    """Name and labels of an object of ours; without a namespace for cluster-scoped ones."""
    place = {"namespace": namespace} if namespace else {}
    proof = run.annotations(name, namespace)
    marks = {"labels": {**run.labels, **labels}, **({"annotations": proof} if proof else {})}
    return {"name": name, **marks, **place}


def pod(
    run: RunId,
    name: str,
    namespace: str,
    image: str,
    command: Sequence[str] = ("sleep", "infinity"),
    node: str | None = None,
    dns_policy: str = "ClusterFirst",
    dns_config: Mapping[str, object] | None = None,
    host_network: bool = False,
    **spec: object,
) -> Manifest:
    """A pod of one container "main" that any node takes, cordoned and control plane included."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(run, name, namespace, app=name),
        "spec": {
            "automountServiceAccountToken": False,
            "dnsPolicy": dns_policy,
            "enableServiceLinks": False,
            "hostNetwork": host_network,
            "restartPolicy": "Always",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container(image, command)],
            **({"nodeName": node} if node else {}),
            **({"dnsConfig": dict(dns_config)} if dns_config else {}),
            **spec,
        },
    }


def container(image: str, command: Sequence[str], **more: object) -> Manifest:
    """A container that drops every capability and cannot write to its image."""
    return {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **more,
    }
