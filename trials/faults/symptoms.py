"""Ways to see a symptom without the suite: dig in a plain pod, logs, and the API."""

import re
import subprocess
from collections.abc import Callable

from clusterdns.cluster import Manifest, NotFoundError, is_ready
from clusterdns.inventory.shape import seconds_since
from clusterdns.wait import eventually
from trials.faults.mutant import Seen
from trials.faults.scene import Scene, reasons_of

NAMESPACE = "onlookers"
POD_S = 45.0
KUBERNETES = "kubernetes.default.svc.cluster.local"
OUTSIDE = "{worker}."
NO_ANSWER = "timed out|no servers could be reached|connection refused|communications error"

Look = Callable[[Scene], Seen]


def onlooker(scene: Scene, node: str, fresh: bool = False) -> str:
    """The name of a plain pod on a node, which runs; a new one if its resolv.conf must be new."""
    name = f"on-{node}"
    if fresh:
        scene.api.delete("Pod", name, NAMESPACE)
        eventually(lambda: scene.api.find("Pod", name, NAMESPACE), None, POD_S, every=0.3)
    if scene.api.find("Namespace", NAMESPACE) is None:
        scene.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    if scene.api.find("Pod", name, NAMESPACE) is None:
        scene.api.create(_pod(scene, name, node))
    made = scene.api.get("Pod", name, NAMESPACE)["metadata"]["creationTimestamp"]
    left = max(1.0, POD_S - seconds_since(made))  # one that cannot start is waited for once
    eventually(lambda: _is_up(scene, name), True, left, every=0.3)
    return name


def in_pod(scene: Scene, node: str, *words: str, fresh: bool = False) -> str:
    """What a command says in the plain pod of a node, errors included."""
    name = onlooker(scene, node, fresh)
    tools = scene.breakable
    argv = [str(tools.tools.kubectl), "--kubeconfig", str(tools.kubeconfig)]
    argv += ["exec", "-n", NAMESPACE, name, "--", *words]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "kubectl exec timed out"
    return done.stdout + done.stderr


def dig(
    name: str = KUBERNETES,
    *options: str,
    says: str,
    server: str = "",
    node: str = "worker",
    fresh: bool = False,
) -> Look:
    """Whether dig in a plain pod prints what the pattern says.

    ``name``: {worker} and {control_plane} in it stand for the nodes' own names, which only
    servers outside the cluster know.
    ``server``: "" is that of resolv.conf, "service" the DNS Service, "replica" the first replica.
    """

    def look(scene: Scene) -> Seen:
        where = scene.worker if node == "worker" else scene.control_plane
        asked = name.format(worker=scene.worker, control_plane=scene.control_plane)
        # CoreDNS gives up on a silent upstream after 5 s (plugin/forward, 1.12.1).
        patience = "+time=8" if "SERVFAIL" in says else "+time=2"
        words = ["dig", "+tries=1", patience, *_at(scene, server), asked, *options]
        said = in_pod(scene, where, *words, fresh=fresh)
        return seen(says, said, " ".join(words))

    return look


def log_says(pattern: str) -> Look:
    """Whether a DNS pod's log, or that of its last run, holds a pattern."""

    def look(scene: Scene) -> Seen:
        texts = []
        for pod in scene.replicas():
            name = pod["metadata"]["name"]
            for previous in (False, True):
                try:
                    texts.append(scene.api.logs(scene.dns.namespace, name, previous))
                except Exception as error:
                    texts.append(f"({error})")
        return seen(pattern, "\n".join(texts), "logs")

    return look


def replicas_say(pattern: str) -> Look:
    """Whether a DNS pod gives a reason that matches, such as CrashLoopBackOff."""

    def look(scene: Scene) -> Seen:
        states = [
            f"{pod['metadata']['name']}: ready={is_ready(pod)} "
            f"phase={pod['status'].get('phase')} {sorted(reasons_of(pod))}"
            for pod in scene.replicas()
        ]
        return seen(pattern, "\n".join(states) or "no replica", "pods")

    return look


def object_is(kind: str, name: str, holds: Callable[[Manifest], bool], place: str | None) -> Look:
    """Whether an object is there and is as said."""

    def look(scene: Scene) -> Seen:
        try:
            found = scene.api.get(kind, name, place)
        except NotFoundError:
            return Seen(False, f"no {kind} {name}")
        return Seen(holds(found), f"{kind} {name}")

    return look


def both(*looks: Look) -> Look:
    """Whether all looks show their symptom."""

    def look(scene: Scene) -> Seen:
        found = [each(scene) for each in looks]
        return Seen(all(s.there for s in found), "; ".join(s.proof for s in found))

    return look


def seen(pattern: str, text: str, what: str) -> Seen:
    """The line of a text that matches a pattern, as proof; or the end of the text."""
    for line in text.splitlines():
        if re.search(pattern, line):
            return Seen(True, f"{what}: {line.strip(' ;')}")
    return Seen(False, f"{what}: no {pattern!r} in: {' | '.join(text.splitlines()[-6:])}")


def answers_everywhere(scene: Scene) -> list[str]:
    """What is wrong with DNS as plain pods on all nodes see it; empty when all is well."""
    wrong = []
    for node in scene.breakable.nodes:
        said = in_pod(scene, node, "dig", "+tries=1", "+time=2", KUBERNETES)
        if "status: NOERROR" not in said:
            wrong.append(f"{node}: {' | '.join(said.splitlines()[-3:])}")
    return wrong


def _at(scene: Scene, server: str) -> list[str]:
    if server == "service":
        return [f"@{scene.dns_ip}"]
    if server == "replica":
        pods = [pod for pod in scene.replicas() if pod["status"].get("podIP")]
        where = pods[0]["status"]["podIP"] if pods else "192.0.2.1"
        return [f"@{where}", "-p", str(scene.dns.port)]
    return [f"@{server}"] if server else []


def _is_up(scene: Scene, name: str) -> bool:
    pod = scene.api.find("Pod", name, NAMESPACE)
    return pod is not None and is_ready(pod)


def _pod(scene: Scene, name: str, node: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "main",
                    "image": scene.breakable.tools.dnsutils,
                    "command": ["sleep", "infinity"],
                }
            ],
        },
    }
