"""How replicas of the cluster's DNS have ended before: the kubelet's word and their last lines."""

from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of
from clusterdns.inventory.inventory import Inventory
from clusterdns.own_coredns.instance import lines_with
from clusterdns.run.plan import PlannedObject, declare

# The loop plugin's last words: plugin/loop/loop.go since 1.4.0, and before.
LOOP_MESSAGE = r'plugin/loop: (Loop \(.*\) detected for zone|Seen "HINFO IN .*" more than twice)'
LAST_LINES = 3


@dataclass(frozen=True)
class Death:
    """One container that ended, and the last lines that it printed."""

    pod: str
    reason: str  # the kubelet's: Error, OOMKilled, Completed
    exit_code: int
    last_lines: tuple[str, ...]
    loop_lines: tuple[str, ...]

    @property
    def of_a_loop(self) -> bool:
        """Whether the plugin loop ended the container."""
        return bool(self.loop_lines)

    def __str__(self) -> str:
        words = " | ".join(self.loop_lines or self.last_lines)
        return f"{self.pod} ended with {self.exit_code} ({self.reason}): {words}"


def deaths_of_replicas(cluster: Cluster, inventory: Inventory) -> tuple[Death, ...]:
    """The last death of each container of the DNS pods, as far as the kubelets remember."""
    found: list[Death] = []
    for pod in inventory.pods:
        for status in pod.get("status", {}).get("containerStatuses") or []:
            for state, previous in (("lastState", True), ("state", False)):
                ended = status.get(state, {}).get("terminated")
                if ended:
                    log = last_log(cluster, pod, status["name"], previous)
                    found.append(death(pod["metadata"]["name"], ended, log))
    return tuple(found)


def death(pod: str, ended: Manifest, log: str) -> Death:
    """What the kubelet and the log say about one end."""
    return Death(
        pod,
        str(ended.get("reason", "")),
        int(ended.get("exitCode", -1)),
        tuple(log.splitlines()[-LAST_LINES:]),
        lines_with(log, LOOP_MESSAGE),
    )


def last_log(cluster: Cluster, pod: Manifest, container: str, previous: bool) -> str:
    """What a container printed before it ended; why it cannot be read, when it cannot."""
    meta = pod["metadata"]
    query = {"container": container, "previous": "true" if previous else "false"}
    path = f"{path_of('Pod', meta['namespace'], meta['name'])}/log"
    try:
        return cluster.text("GET", path, query={**query, "tailLines": "200"})
    except (NotFoundError, ApiException) as error:
        return f"its log cannot be read: {getattr(error, 'reason', 'gone')}"


declare(
    PlannedObject(
        "",
        "Pod/log",
        "kube-system",
        "of cluster DNS",
        verbs=("get",),
        why="why a replica has ended",
    ),
    wanted_by=["deaths"],
)
