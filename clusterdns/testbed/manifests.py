"""Manifests of what a run makes: pods that pass PodSecurity "restricted", on a chosen node.

They are small, so that also a full node and a namespace with a quota take them, and mortal, so
that they end when nobody is left to remove them.
"""

from collections.abc import Mapping, Sequence

from clusterdns.cluster import Manifest
from clusterdns.run.identity import RunId
from clusterdns.timeouts import Timeouts

USER = 65532  # "nonroot", as the official CoreDNS image has it
# The most that a container may take. On kind the peak of a busy probe was 22Mi, that of a private
# CoreDNS 57Mi with its program; of 320 periods one at most was throttled.
TOOLS_MEMORY = "128Mi"
MUSL_MEMORY = "32Mi"
COREDNS_MEMORY = "170Mi"  # as kubeadm limits the cluster's own: the names of a large one fit too


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
    lifetime: float = Timeouts.lifetime,
    **spec: object,
) -> Manifest:
    """A pod of one container "main" that any node takes, cordoned and control plane included.

    The kubelet ends it after ``lifetime`` seconds, also with --keep; never earlier than an hour.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(run, name, namespace, app=name),
        "spec": {
            "activeDeadlineSeconds": round(max(lifetime, Timeouts.lifetime)),
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


def container(
    image: str, command: Sequence[str], memory: str = TOOLS_MEMORY, **more: object
) -> Manifest:
    """A container that drops every capability and cannot write to its image.

    ``memory`` is the most that it may take, as a quantity of Kubernetes.
    """
    return {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "resources": resources(memory),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **more,
    }


def resources(memory: str) -> Manifest:
    """What a container asks for, next to nothing, and the most that it may take.

    A pod that names its node is refused by the kubelet when that node's requests are exhausted
    (OutOfcpu, OutOfmemory), as those of full nodes are: so the requests are the smallest there
    are. One processor is more than any of them takes, so that the limit slows no answer.
    """
    return {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"cpu": "1", "memory": memory}}
