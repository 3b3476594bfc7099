"""Whether the configuration that runs is the one that the ConfigMap holds.

CoreDNS logs a sum over its configuration at each start and reload, if it has ``reload``; without,
a Corefile that is younger than the process cannot be in effect.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of, time_of
from clusterdns.corefile import Corefile, Reading, fingerprints
from clusterdns.inventory.inventory import Inventory
from clusterdns.run.plan import PlannedObject, declare

RUNNING = re.compile(r"Running configuration (?:SHA512|MD5) = ([0-9a-f]+)")
# Of a log in which every question is written, the beginning may be out of reach.
LAST_LINES = 20_000


@dataclass(frozen=True)
class Process:
    """CoreDNS in one replica."""

    pod: str
    started: datetime | None
    sum: str = ""  # of its configuration, by its log; empty: the log does not tell

    def __str__(self) -> str:
        known = f"runs configuration {self.sum[:16]}..." if self.sum else "does not log its sum"
        return f"{self.pod} {known}, started {self.started or 'nobody knows when'}"


@dataclass(frozen=True, repr=False)
class InEffect:
    """What each replica runs, beside what the ConfigMap holds."""

    sums: frozenset[str]  # of the ConfigMap's Corefile; empty: only the pod could tell
    reloads: bool
    changed: datetime | None  # when the Corefile in the ConfigMap was written last
    processes: tuple[Process, ...]

    def outdated(self) -> dict[str, str]:
        """The replicas that run something else, and how that is known."""
        return {p.pod: why for p in self.processes if (why := self._judge(p))}

    @property
    def unknown(self) -> bool:
        """Whether nothing at all tells what runs."""
        return not any(self._is_known(process) for process in self.processes)

    def age(self, now: datetime | None = None) -> float:
        """Seconds since the ConfigMap was changed; a day where nobody knows."""
        if self.changed is None:
            return 86400.0
        return ((now or datetime.now(UTC)) - self.changed).total_seconds()

    def pending(self, within: float) -> bool:
        """Whether a replica is behind, but may reload yet: the change is younger than this."""
        return self.reloads and bool(self.outdated()) and self.age() < within

    def _is_known(self, process: Process) -> bool:
        by_sum = bool(process.sum and self.sums)
        return by_sum or bool(not self.reloads and self.changed and process.started)

    def _judge(self, process: Process) -> str:
        if process.sum and self.sums:
            return (
                "" if process.sum in self.sums else f"it runs configuration {process.sum[:16]}..."
            )
        if self.reloads or self.changed is None or process.started is None:
            return ""
        late = self.changed > process.started
        return f"it started {process.started}, before the change, without reload" if late else ""

    def __repr__(self) -> str:
        known = (
            ", ".join(f"{each[:16]}..." for each in sorted(self.sums)) or "that only a pod knows"
        )
        changed = self.changed or "nobody knows when"
        return "\n  ".join(
            [
                f"the ConfigMap was changed {changed}, its sum is {known}",
                f"reload is {'on' if self.reloads else 'not configured: restart the replicas'}",
                *map(str, self.processes),
            ]
        )


def look_at_what_runs(cluster: Cluster, inventory: Inventory, corefile: Corefile) -> InEffect:
    """Read the replicas' logs and the age of the ConfigMap; what we may not read is unknown."""
    return InEffect(
        fingerprints(corefile),
        Reading(corefile).reload is not None,
        changed_at(cluster, inventory),
        tuple(processes(cluster, inventory)),
    )


def processes(cluster: Cluster, inventory: Inventory) -> Iterator[Process]:
    """Every replica whose container runs."""
    name = inventory.container.get("name", "")
    for pod in inventory.pods:
        statuses = pod.get("status", {}).get("containerStatuses") or []
        states = [s["state"].get("running") for s in statuses if s["name"] == name]
        for running in filter(None, states):
            yield Process(
                pod["metadata"]["name"],
                time_of(running.get("startedAt")),
                last_sum(log_of(cluster, pod, name)),
            )


def last_sum(log: str) -> str:
    """The sum that was logged last; empty without any."""
    found = RUNNING.findall(log)
    return str(found[-1]) if found else ""


def log_of(cluster: Cluster, pod: Manifest, container: str) -> str:
    """What a container of a replica printed; empty when it cannot be read."""
    path = path_of("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
    query = {"container": container, "tailLines": str(LAST_LINES)}
    try:
        return cluster.text("GET", f"{path}/log", query=query)
    except (NotFoundError, ApiException):
        return ""


def changed_at(cluster: Cluster, inventory: Inventory) -> datetime | None:
    """When somebody last wrote the Corefile in the ConfigMap, by its managed fields.

    Who changes a field owns it from then on; other keys, such as the NodeHosts of k3s, and labels
    have owners of their own. The API keeps one time for all fields of one manager: where the
    Corefile's owner changed something else later, this is too late, and never too early.
    """
    place = inventory.config_map
    found = (cluster.find("ConfigMap", place[1], place[0]) if place else None) or {}
    keys = {f"f:{key}" for key in keys_of_corefile(found.get("data") or {}, inventory)}
    times = [
        time_of(entry.get("time"))
        for entry in found.get("metadata", {}).get("managedFields") or []
        if keys & (entry.get("fieldsV1") or {}).get("f:data", {}).keys()
    ]
    return max(filter(None, times), default=None)


def keys_of_corefile(data: Mapping[str, str], inventory: Inventory) -> set[str]:
    """The keys that make the configuration: the Corefile's.

    It is all of them where it may import others, or was changed since it was read.
    """
    text = inventory.corefile_text or ""
    imports = re.search(r"(?m)^\s*import\s", text) is not None
    own = set() if imports else {key for key, value in data.items() if value == text}
    return own or set(data)


declare(
    PlannedObject(
        "", "Pod/log", "kube-system", "of cluster DNS", verbs=("get",), why="which Corefile runs"
    ),
    wanted_by=["in_effect"],
)
