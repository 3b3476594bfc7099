"""What a cluster is made of, normalised: before a fault and after its repair it must be equal."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from clusterdns.cluster import Cluster, Manifest
from trials.faults.nodes import on_nodes

IN_KUBE_SYSTEM = (
    *("ConfigMap", "DaemonSet", "Deployment", "EndpointSlice", "NetworkPolicy"),
    *("Pod", "ReplicaSet", "Role", "RoleBinding", "Service", "ServiceAccount"),
)
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "Namespace", "Node")
# What the API server and controllers write, and what changes by itself.
BOOKKEEPING = (
    *("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"),
    *("generateName", "ownerReferences", "selfLink"),
)
OWN_LABELS = ("pod-template-generation",)
OWN_ANNOTATIONS = (
    "deprecated.daemonset.template.generation",
    "deployment.kubernetes.io/revision",
    "endpoints.kubernetes.io/last-change-",
)
POD_ADDRESS = re.compile(r"\b10\.244\.\d+\.\d+(?!\d|/16|/24)")
SUFFIX = re.compile(r"-[a-z0-9]{5}$")

# Firewall and routes without counters, order of chains, empty tables, or what belongs to pods.
NODE_SCRIPT = r"""
for tables in iptables ip6tables; do
  $tables-save | sed -E 's/\[[0-9]+:[0-9]+\]//' |
    awk '/^\*/ { table = $1 } /^[-:]/ && !/^:[A-Z]+ ACCEPT/ { print table, $0 }'
done
nft list tables | grep -vE ' (ip|ip6) (filter|nat|mangle|raw|security)$' | sed 's/^/nft /'
ip route | grep -v 'dev veth' | sed 's/^/route /'
ip -6 route | grep -vE 'dev veth|fe80' | sed 's/^/route6 /'
ip -o addr show dev lo | sed -E 's/^.*(inet6? [^ ]*).*/lo \1/'
ip rule | sed 's/^/rule /'
ip -o link | grep -v veth | cut -d' ' -f2,3 | sed -E 's/@.*//;s/^/link /'
tc qdisc show | sed 's/^/qdisc /' | grep -v 'dev veth'
for file in /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \
    /etc/kubernetes/manifests/* /etc/cni/net.d/* /etc/resolv.conf /etc/hosts; do
  if [ -f $file ]; then echo "file $(sha256sum $file)"; fi
done
ls /opt/cni/bin | sed 's/^/cni /'
systemctl is-active kubelet containerd | sed 's/^/service /'
sysctl -n net.ipv4.ip_forward | sed 's/^/forward /'
"""


@dataclass(frozen=True)
class Snapshot:
    """Lines and objects by their name; equal when nothing that matters has changed."""

    objects: Mapping[str, str]
    nodes: Mapping[str, Counter[str]]

    def differences(self, later: "Snapshot") -> list[str]:
        """What is not as it was, one line each; empty when all is."""
        found = []
        for name in sorted(self.objects.keys() | later.objects.keys()):
            old, new = self.objects.get(name), later.objects.get(name)
            if old != new:
                found.append(f"{name}: {_shortened(old, new)}")
        for node in sorted(self.nodes.keys() | later.nodes.keys()):
            was, now = self.nodes.get(node, Counter()), later.nodes.get(node, Counter())
            found += [f"{node}: gone: {line}" for line in (was - now)]
            found += [f"{node}: new: {line}" for line in (now - was)]
        return found


def take_snapshot(api: Cluster, nodes: list[str], home: str = "kube-system") -> Snapshot:
    """Read all that a fault may change. ``home``: the namespace of cluster DNS, if another.

    Raises ApiException and NodeError.
    """
    places = ["kube-system", *([] if home == "kube-system" else [home])]
    wanted: list[tuple[str, str | None]]
    wanted = [(kind, place) for kind in IN_KUBE_SYSTEM for place in places]
    wanted += [(kind, None) for kind in CLUSTER_WIDE]
    with ThreadPoolExecutor(max_workers=8) as pool:
        of_nodes = pool.submit(on_nodes, nodes, NODE_SCRIPT)
        lists = pool.map(
            lambda each: (each[0], api.list(*each)),
            wanted,
        )
        texts: dict[str, list[str]] = defaultdict(list)
        for kind, found in lists:
            for each in found:
                if not _changes_by_itself(kind, each):
                    texts[_name_of(kind, each)].append(normalised(kind, each))
    return Snapshot(
        {name: "\n".join(sorted(those)) for name, those in texts.items()},
        {node: Counter(map(_line, text.splitlines())) for node, text in of_nodes.result().items()},
    )


def _changes_by_itself(kind: str, thing: Manifest) -> bool:
    """History of Deployments, and namespaces of the suite, which proves itself that they go."""
    old = kind == "ReplicaSet" and not thing["spec"].get("replicas")
    return old or (kind == "Namespace" and thing["metadata"]["name"].startswith("dns-conf-"))


def normalised(kind: str, thing: Manifest) -> str:
    """An object without status and bookkeeping, as text."""
    copy = {key: value for key, value in thing.items() if key != "status"}
    metadata = {k: v for k, v in thing["metadata"].items() if k not in BOOKKEEPING}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {
        key: value for key, value in annotations.items() if not key.startswith(OWN_ANNOTATIONS)
    }
    labels = metadata.get("labels") or {}
    metadata["labels"] = {key: value for key, value in labels.items() if key not in OWN_LABELS}
    metadata["name"] = _name_of(kind, thing)
    copy["metadata"] = metadata
    if kind == "Pod":
        copy["spec"] = _pod_spec(thing)
    if kind == "EndpointSlice":
        copy["endpoints"] = sorted(_is_ready(e) for e in thing.get("endpoints") or [])
    return json.dumps(copy, sort_keys=True)


def _pod_spec(pod: Manifest) -> Manifest:
    """What a pod was asked to be; not where it landed or which token volume it got."""
    text = json.dumps({k: v for k, v in pod["spec"].items() if k != "nodeName"})
    return dict(json.loads(re.sub(r"kube-api-access-[a-z0-9]{5}", "kube-api-access", text)))


def _is_ready(endpoint: Manifest) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False


def _name_of(kind: str, thing: Manifest) -> str:
    """Kind and name; without the part that a controller made up."""
    name = str(thing["metadata"]["name"])
    if "generateName" in thing["metadata"] or kind == "EndpointSlice":
        name = SUFFIX.sub("-*", name)
    return f"{kind} {name}"


def _line(line: str) -> str:
    """A line of a node; addresses of pods and the chains made of them stand for any."""
    line = re.sub(r"(KUBE-(?:SEP|SVC|EXT|FW)-)[A-Z0-9]{16}", r"\1*", line)
    return POD_ADDRESS.sub("POD", line)


def _shortened(old: str | None, new: str | None) -> str:
    if old is None or new is None:
        text = old or new or ""
        return f"{'gone' if new is None else 'new'}: {text[:300]}"
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    return f"was ...{old[max(0, start - 40) : start + 120]} is {new[max(0, start - 40) :][:160]}"
