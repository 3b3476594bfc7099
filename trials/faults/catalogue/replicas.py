"""Faults of the Deployment, of its permissions and of its way to the API server."""

from typing import Any

from clusterdns.cluster import Manifest
from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import Scene
from trials.faults.symptoms import NO_ANSWER, Look, both, dig, log_says, replicas_say, seen

CANARY = "canary"


def deployment(scene: Scene, within: float = 30.0, restart: bool = True, **spec: Any) -> None:  # noqa: ANN401
    """Change the pod template's spec; old pods go, so that they do not hide the fault."""

    def edit(thing: Manifest) -> None:
        thing["spec"]["strategy"] = {"type": "Recreate"}  # a rollout would stop at the first
        thing["spec"]["template"]["spec"].update(spec)

    scene.change("Deployment", "coredns", edit)
    if restart:
        scene.restart_dns(within)


def container(scene: Scene, within: float = 30.0, **fields: Any) -> None:  # noqa: ANN401
    """Change the container of the pod template."""

    def edit(thing: Manifest) -> None:
        thing["spec"]["strategy"] = {"type": "Recreate"}
        thing["spec"]["template"]["spec"]["containers"][0].update(fields)

    scene.change("Deployment", "coredns", edit)
    scene.restart_dns(within)


def scale(scene: Scene, replicas: int) -> None:
    """Want another number of replicas."""
    scene.change("Deployment", "coredns", lambda d: d["spec"].update(replicas=replicas))


def without_slices(scene: Scene) -> None:
    """Take the right to read EndpointSlices away, and restart the replicas."""

    def edit(role: Manifest) -> None:
        role["rules"] = [r for r in role["rules"] if "endpointslices" not in r["resources"]]

    scene.change("ClusterRole", "system:coredns", edit, place=None)
    scene.restart_dns(within=15)


def without_binding(scene: Scene) -> None:
    """Take all rights away, and restart the replicas."""
    scene.delete("ClusterRoleBinding", "system:coredns", place=None)
    scene.restart_dns(within=15)


def api_cut(scene: Scene) -> None:
    """No pod reaches the API server; the replicas start without it."""
    scene.drop_everywhere("-s 10.244.0.0/16 -p tcp --dport 6443")
    scene.restart_dns(within=15)


def watch_cut(scene: Scene) -> None:
    """The replicas lose the API server after they have read all; then a Service is made."""
    for address, node in scene.addresses().items():
        scene.drop(node, f"-s {address} -p tcp --dport 6443")
        scene.drop(node, f"-d {address} -p tcp --sport 6443")
        scene.on_node(node, f"conntrack -D -s {address} -p tcp || true", "true")
    manifest = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}
    scene.create({**manifest, "metadata": {"name": CANARY, "namespace": "default"}})


def deployment_has(number: int) -> Look:
    """Whether so many replicas are there."""

    def look(scene: Scene) -> Seen:
        pods = scene.replicas()
        return seen("^equal", "equal" if len(pods) == number else f"{len(pods)}", "replicas")

    return look


MUTANTS = (
    Mutant(
        "scaled-or-pending",
        "The Deployment wants no replica.",
        "A",
        lambda scene: scale(scene, 0),
        both(deployment_has(0), dig(says=NO_ANSWER)),
        fails=("test_wanted_replicas_are_ready", "test_endpoints_are_the_ready_replicas"),
        dead=True,
    ),
    Mutant(
        "scaled-or-pending-selector",
        "No node fits the replicas' nodeSelector.",
        "A",
        lambda scene: deployment(scene, within=10, nodeSelector={"disktype": "none"}),
        both(replicas_say("Unschedulable"), dig(says=NO_ANSWER)),
        fails=("test_wanted_replicas_are_ready", "test_every_replica_is_ready"),
        causes=("scaled-or-pending",),
    ),
    Mutant(
        "scaled-or-pending-image",
        "The image of the replicas cannot be had.",
        "A",
        lambda scene: container(scene, within=15, image="localhost/no-such-coredns:v0.0.0"),
        both(replicas_say("ErrImage|ImagePull"), dig(says=NO_ANSWER)),
        fails=("test_wanted_replicas_are_ready", "test_every_replica_is_ready"),
        causes=("scaled-or-pending",),
    ),
    Mutant(
        "single-or-colocated",
        "There is one replica: an outage at each restart.",
        "A",
        lambda scene: scale(scene, 1),
        both(deployment_has(1), dig(says="status: NOERROR")),
        deviates=("test_there_are_two_replicas",),
    ),
    Mutant(
        "rbac-endpointslices",
        "CoreDNS may not read EndpointSlices.",
        "A",
        without_slices,
        log_says("endpointslices.* is forbidden"),
        fails=("test_replicas_may[list-endpointslices]", "test_wanted_replicas_are_ready"),
    ),
    Mutant(
        "rbac-missing",
        "CoreDNS may read nothing at all.",
        "A",
        without_binding,
        log_says("services.* is forbidden"),
        fails=("test_replicas_may[list-services]", "test_replicas_may[list-endpointslices]"),
    ),
    Mutant(
        "dns-svc-endpoints-notready",
        "The readiness probe asks a port where nobody listens: no replica becomes ready.",
        "A",
        lambda scene: container(
            scene,
            within=10,
            readinessProbe={"httpGet": {"path": "/ready", "port": 8182}, "periodSeconds": 2},
        ),
        both(replicas_say("ready=False"), dig(says=NO_ANSWER)),
        fails=("test_wanted_replicas_are_ready", "test_endpoints_are_the_ready_replicas"),
    ),
    Mutant(
        "readiness-not-ready-plugin",
        "The readiness probe asks /health, which is well before the API server was reached.",
        "A",
        lambda scene: container(
            scene,
            readinessProbe={"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 2},
        ),
        dig(says="status: NOERROR"),
        deviates=("test_container_is_probed[readinessProbe-/ready]",),
    ),
    Mutant(
        "oom",
        "The memory limit is far too low: the replicas are killed.",
        "A",
        lambda scene: container(
            scene,
            within=25,
            resources={"limits": {"memory": "12Mi"}, "requests": {"memory": "12Mi"}},
        ),
        replicas_say("OOMKilled|CrashLoopBackOff|Error"),
        fails=("test_no_replica_keeps_restarting",),
    ),
    Mutant(
        "api-unreachable",
        "Pods do not reach the API server: CoreDNS starts and knows no name.",
        "N",
        api_cut,
        both(replicas_say("ready=False"), log_says("i/o timeout|unsynced|Plugins not ready|Still")),
        fails=("test_wanted_replicas_are_ready", "test_replica_answers_ok[/ready]"),
        within=30,
    ),
    Mutant(
        "watch-frozen",
        "The replicas lost the API server after they had read all: new names stay unknown.",
        "N",
        watch_cut,
        both(
            dig(f"{CANARY}.default.svc.cluster.local", says="status: NXDOMAIN"),
            dig(says="status: NOERROR"),
        ),
        fails=("test_address_is_the_cluster_ip[*",),
    ),
)
