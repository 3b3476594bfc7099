"""Start one probe pod on each node, side by side, and say of each node that has none why."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.api_errors import in_words
from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.inventory import Inventory, is_linux
from clusterdns.probe import Probe, ProbeLostError, open_probe
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed import manifests
from clusterdns.testbed.pod_list import PodList
from clusterdns.testbed.testbed import Testbed, Workspace
from clusterdns.wait import GENTLY, eventually

ROLE = {"dns-conformance/role": "probe"}
GONE = "the pod is gone: somebody deleted it"
IMAGE_TROUBLE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


class NoProbeImageError(Exception):
    """No node could get the image of the probe pods; the text is a paragraph for the user."""


@dataclass(frozen=True)
class PodStates:
    """Pods by name, as the API has them now."""

    pods: Mapping[str, Manifest]

    @property
    def settled(self) -> bool:
        """Whether each pod runs or can be seen to get no further."""
        return all(is_running(p) or is_stuck(p) for p in self.pods.values())

    @property
    def in_words(self) -> str:
        """How many run, and what the others wait for."""
        up = sum(is_running(pod) for pod in self.pods.values())
        waits = sorted({waiting_reason(pod) for pod in self.pods.values()} - {""})
        return f"{up} of {len(self.pods)} pods run" + (f" ({', '.join(waits)})" if waits else "")


def start_probes(workspace: Workspace, tell: Callable[[str], None]) -> Testbed:
    """Probes on all ready Linux nodes; ``tell`` hears of progress.

    A pod that the API server refuses, or that somebody deletes, costs its node only.
    Raises NoProbeImageError when no node can get the image.
    """
    cluster = workspace.cluster
    nodes = [str(node["metadata"]["name"]) for node in workspace.inventory.ready_nodes]
    wanted = {probe_name(i): node for i, node in enumerate(sorted(nodes))}
    planned = probe_manifests(workspace, wanted)
    made = dict(zip(wanted, cluster.try_all(planned), strict=True))
    untried = {
        wanted[name]: f"no probe pod could be made: {in_words(each)}"
        for name, each in made.items()
        if isinstance(each, ApiException)
    }
    there = {name: node for name, node in wanted.items() if node not in untried}
    states = wait_for_pods(
        workspace.pod_list, workspace.namespace, there, workspace.timeouts.probe, tell
    )
    running = {node: name for name, node in there.items() if is_running(states.pods[name])}
    untried |= {node: GONE for name, node in there.items() if not states.pods[name]}
    unable = {
        node: why_not_running(cluster, states.pods[name])
        for name, node in there.items()
        if node not in running and states.pods[name]
    }
    no_image = [n for n, p in states.pods.items() if waiting_reason(p) in IMAGE_TROUBLE]
    if nodes and len(no_image) == len(nodes):
        raise NoProbeImageError(
            f"No node can get the image of the probe pods, {workspace.images.dnsutils}: "
            f"{unable[nodes[0]]}. Name an image that the nodes can pull with --dnsutils-image, "
            "or the registry to take it from with --image-registry."
        )
    with ThreadPoolExecutor(max_workers=max(1, len(running))) as pool:
        opened = pool.map(lambda item: open_on(workspace, *item), running.items())
        found = dict(zip(running, opened, strict=True))
    untried |= {node: text for node, (_, _, text) in found.items() if text}
    untried |= not_ready(workspace.inventory)
    good = {node: (probe, conf) for node, (probe, conf, _) in found.items() if probe and conf}
    return Testbed(
        workspace,
        {node: probe for node, (probe, _) in good.items()},
        {node: conf for node, (_, conf) in good.items()},
        dict(sorted((untried | unable).items())),
        frozenset(untried),
    )


def not_ready(inventory: Inventory) -> dict[str, str]:
    """The nodes that could have a probe if they were ready, and what is said of each."""
    ready = {str(node["metadata"]["name"]) for node in inventory.ready_nodes}
    found = {}
    for node in filter(is_linux, inventory.nodes):
        if (name := str(node["metadata"]["name"])) not in ready:
            conditions = node.get("status", {}).get("conditions") or []
            said = next((c.get("message", "") for c in conditions if c["type"] == "Ready"), "")
            found[name] = f"the node is not ready: {' '.join(said.split()) or 'nobody says why'}"
    return found


def lost_probes(testbed: Testbed) -> dict[str, str]:
    """The nodes whose probe went away after it had started, and how that was noticed."""
    found: dict[str, str] = {}
    for node, probe in testbed.probes.items():
        try:
            probe.run([["true"]], testbed.workspace.timeouts.command)
        except ProbeLostError as error:
            found[node] = f"its probe was lost: {error}"
    return found


def probe_name(index: int) -> str:
    """The name of the probe pod on the node of that index; node names can be too long."""
    return f"probe-{index}"


def probe_manifests(workspace: Workspace, wanted: Mapping[str, str]) -> list[Manifest]:
    """One pod per node; ``wanted`` maps pod to node."""
    pods = [
        manifests.pod(
            workspace.run,
            name,
            workspace.namespace,
            workspace.images.dnsutils,
            node=node,
            lifetime=workspace.timeouts.lifetime,
        )
        for name, node in wanted.items()
    ]
    for pod in pods:
        pod["metadata"]["labels"].update(ROLE)
    return pods


def open_on(
    workspace: Workspace, node: str, pod: str
) -> tuple[Probe | None, ResolvConf | None, str]:
    """A probe in a running pod and that pod's resolv.conf; or the reason why there is none."""
    try:
        probe = open_probe(
            configuration=workspace.cluster.connection.configuration,
            namespace=workspace.namespace,
            pod=pod,
            node=node,
            container="main",
            timeouts=workspace.timeouts,
        )
        (printed,) = probe.run([["cat", RESOLV_CONF]], workspace.timeouts.command)
    except ProbeLostError as error:
        return None, None, f"the probe pod runs, but nothing can be run in it: {error}"
    if printed.exit_code != 0:
        return None, None, f"resolv.conf cannot be read in the probe pod: {printed.stderr.strip()}"
    return probe, ResolvConf.parse(printed.stdout), ""


def wait_for_pods(
    pod_list: PodList,
    namespace: str,
    names: Iterable[str],
    within: float,
    tell: Callable[[str], None] = lambda _: None,
) -> PodStates:
    """Wait until every named pod runs or is stuck, at most so many seconds.

    An image that cannot be pulled is given half the time: the kubelet tries again by itself.
    """
    wanted = set(names)
    told = ""

    def look() -> PodStates:
        nonlocal told
        pods = pod_list.pods(namespace)
        states = PodStates({name: pods.get(name, {}) for name in wanted})
        if states.in_words != told:
            told = states.in_words
            tell(told)
        return states

    return eventually(look, lambda states: states.settled, within, every=GENTLY)


def is_running(pod: Manifest) -> bool:
    """Whether the container of a pod runs and is ready."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return bool(statuses) and all("running" in s["state"] and s["ready"] for s in statuses)


def is_stuck(pod: Manifest) -> bool:
    """Whether waiting on is in vain: the image cannot be had, or the kubelet gave up."""
    return (
        waiting_reason(pod) in IMAGE_TROUBLE[1:] or pod.get("status", {}).get("phase") == "Failed"
    )


def waiting_reason(pod: Manifest) -> str:
    """Why the container waits, in the kubelet's word; or the empty string."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        if "waiting" in status["state"]:
            return str(status["state"]["waiting"].get("reason", ""))
    return ""


def why_not_running(cluster: Cluster, pod: Manifest) -> str:
    """The kubelet's reason and the last warning event about a pod, in one line."""
    if not pod:
        return GONE
    meta, status = pod["metadata"], pod.get("status", {})
    fields = f"involvedObject.name={meta['name']},type=Warning"
    nothing = "no event says why"
    try:
        events = cluster.list("Event", meta["namespace"], fields=fields)
    except ApiException as error:
        events, nothing = [], f"its events cannot be read ({in_words(error)})"
    latest = max(events, key=lambda e: e.get("lastTimestamp") or "", default=None)
    waiting = waiting_reason(pod) or status.get("reason") or status.get("phase", "unknown")
    message = (latest or {}).get("message", nothing)
    return f"{waiting}: {' '.join(message.split())}"


declare(
    PlannedObject("", "Node", None, "*", verbs=("list",), why="where probes go"),
    PlannedObject(
        "", "Service", None, "*", verbs=("list",), why="which of them is the DNS Service"
    ),
    PlannedObject("apps", "Deployment", None, "k8s-app=kube-dns", verbs=("list",), why="is read"),
    PlannedObject("apps", "DaemonSet", None, "k8s-app=kube-dns", verbs=("list",), why="is read"),
    PlannedObject("", "Pod", "kube-system", "of cluster DNS", verbs=("list",), why="is read"),
    PlannedObject("", "ConfigMap", "kube-system", "of cluster DNS", verbs=("get",), why="is read"),
    PlannedObject(
        "discovery.k8s.io", "EndpointSlice", "kube-system", "*", verbs=("list",), why="is read"
    ),
)
declare(
    PlannedObject("", "Pod", PLACES.main, "probe-N", verbs=("create", "list"), why="on each node"),
    # The verb create since Kubernetes 1.35, get before.
    PlannedObject(
        "", "Pod/exec", PLACES.main, "probe-N", verbs=("get", "create"), why="asks the questions"
    ),
    PlannedObject(
        "", "Event", PLACES.main, "probe-N", verbs=("list",), why="why one does not start"
    ),
    PlannedObject(
        "", "Pod", None, "k8s-app=node-local-dns", verbs=("list",), why="caches on nodes"
    ),
    wanted_by=["testbed"],
)
