"""Reload of the cluster's own CoreDNS: a harmless server block is added, seen, and taken away.

Only with --allow-disruptive. The original is in the run's state file and its ledger before the
change, and on the ConfigMap with the change; it is restored here already, and verified byte for
byte.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.corefile import Corefile, Reading
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.stream import Stream, Streaming
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError
from clusterdns.run.ledger import one_line
from clusterdns.run.plan import PlannedObject, declare
from clusterdns.run.restore import restore_object
from clusterdns.run.undoing import CannotBeRecordedError
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import eventually

ADDRESS = "192.0.2.3"  # what the added block answers
RATE = 100  # questions a second to the Service meanwhile
PATIENCE = 3.0  # seconds that one answer of the stream may take; there is no second try


@dataclass(frozen=True, repr=False)
class OwnReload:
    """The results of changing the cluster's own Corefile, and of taking the change back."""

    served: Mapping[str, float]  # replicas, and after how many seconds they served the new block
    missing: frozenset[str]  # those that never did
    still: frozenset[str]  # those that served it for ever after it was taken back
    stream: Stream  # asked of the DNS Service all the while
    original: str
    restored: str  # the Corefile in the ConfigMap at the end
    problem: str  # why it could not be restored; or empty
    processes_before: Mapping[str, object]
    processes_after: Mapping[str, object]
    waited: float

    @property
    def byte_for_byte(self) -> bool:
        """Whether the Corefile is what it was."""
        return self.original == self.restored and not self.problem

    def __repr__(self) -> str:
        lines = [
            "a server block was added to the cluster's own Corefile and taken away again",
            f"took effect     {self.delay}; never on {', '.join(sorted(self.missing)) or 'none'}",
            f"still in effect {', '.join(sorted(self.still)) or 'nowhere'}",
            f"awaited         {self.waited:g} s for either",
            f"stream          {self.stream}",
            f"Corefile        {'as it was' if self.byte_for_byte else f'changed {self.problem}'}",
            f"processes       before {self.processes_before}; after {self.processes_after}",
        ]
        return "\n  ".join(lines)

    @property
    def delay(self) -> str:
        """How long the reload took on each replica, in words."""
        times = ", ".join(f"{name} {after:.1f} s" for name, after in sorted(self.served.items()))
        return times or "it never took effect"


def reload_own(context: ExperimentContext) -> OwnReload:
    """Change and restore the cluster's Corefile. Raises NotPossibleError where that cannot be."""
    workspace = context.testbed.workspace
    inventory, cluster = workspace.inventory, workspace.cluster
    original, place = inventory.corefile_text, inventory.config_map
    if original is None or place is None or not inventory.replicas or not inventory.services:
        raise NotPossibleError(
            "there is no Corefile in a ConfigMap with running replicas and a Service"
        )
    corefile = inventory.corefile
    if not isinstance(corefile, Corefile) or Reading(corefile).reload is None:
        raise NotPossibleError("the Corefile has no reload, so no change of it takes effect")
    name = f"{secrets.token_hex(6)}.{ZONE}"
    question = Question(name, "A")
    within = workspace.timeouts.own_reload
    before = processes(workspace)
    service, steady = inventory.services[0], steady_question(context)
    with Streaming(context.relay, service, steady, RATE, PATIENCE) as stream:
        began = time.monotonic()
        change_corefile(workspace, place, original, original.rstrip("\n") + "\n" + block(name))
        served = wait_for_all(context, question, True, within, began)
        context.note(f"{len(served)} of {len(inventory.replicas)} replicas serve the new block")
        problem = restore_corefile(workspace, place)
        gone = wait_for_all(context, question, False, within, time.monotonic())
        context.note(f"{len(gone)} of {len(inventory.replicas)} replicas have forgotten it")
    names = frozenset(server.name for server in inventory.replicas)
    return OwnReload(
        served=served,
        missing=names - served.keys(),
        still=names - gone.keys(),
        stream=stream.result,
        original=original,
        restored=corefile_now(cluster, place, original),
        problem=problem,
        processes_before=before,
        processes_after=processes(workspace),
        waited=within,
    )


def block(name: str) -> str:
    """A server block for one random name that nobody else asks for."""
    return (
        f"{name}:53 {{\n    template IN A {name} {{\n"
        f'        answer "{{{{ .Name }}}} 0 IN A {ADDRESS}"\n    }}\n}}\n'
    )


def steady_question(context: ExperimentContext) -> Question:
    """A name with exactly one address: that of the API server's Service."""
    return Question(f"kubernetes.default.svc.{context.testbed.zone}", "A")


def change_corefile(workspace: Workspace, place: tuple[str, str], original: str, new: str) -> None:
    """Write the ConfigMap by way of the ledger, and let the kubelets sync at once."""
    namespace, name = place
    manifest = workspace.cluster.get("ConfigMap", name, namespace)
    key = corefile_key(manifest, original)
    if (manifest.get("data") or {}).get(key) != original:
        raise NotPossibleError("somebody has changed the Corefile since the run began")

    def edit(found: Manifest) -> Manifest:
        return {**found, "data": {**found["data"], key: new}}

    try:
        workspace.active.change("ConfigMap", namespace, name, edit)
    except CannotBeRecordedError as error:
        raise NotPossibleError(
            f"the Corefile's ConfigMap cannot be changed safely: {error}"
        ) from error
    poke(workspace)


def restore_corefile(workspace: Workspace, place: tuple[str, str]) -> str:
    """Write the original back now; why that was not done, or the empty string.

    The ledger's entry stays: at the end of the run it looks again.
    """
    target = ("ConfigMap", *place)
    recorded = workspace.active.state.state.restores
    record = next(r for r in recorded if (r.kind, r.namespace, r.name) == target)
    try:
        restore_object(workspace.cluster, record)
    except RuntimeError as error:
        return one_line(error)
    poke(workspace)
    return ""


def corefile_key(manifest: Manifest, original: str) -> str:
    """The key that holds the Corefile, or held it before our block was added."""
    data: Mapping[str, str] = manifest.get("data") or {}
    start = original.rstrip("\n")
    return next((k for k, text in data.items() if text.startswith(start)), "Corefile")


def corefile_now(cluster: Cluster, place: tuple[str, str], original: str) -> str:
    """The Corefile as it stands in the ConfigMap."""
    namespace, name = place
    manifest = cluster.get("ConfigMap", name, namespace)
    return str((manifest.get("data") or {}).get(corefile_key(manifest, original), ""))


def poke(workspace: Workspace) -> None:
    """Change an annotation of the DNS pods: their kubelets then bring the new file at once.

    The ledger takes it away again, and the pod says how. Where it is refused the kubelets come by
    in their own time.
    """
    for pod in workspace.inventory.pods:
        with suppress(CannotBeRecordedError, ApiException):
            workspace.active.touch(pod["metadata"]["namespace"], pod["metadata"]["name"])


def wait_for_all(
    context: ExperimentContext, question: Question, wanted: bool, within: float, began: float
) -> dict[str, float]:
    """The replicas that then served the name (or denied it), and after how many seconds."""
    done: dict[str, float] = {}
    replicas: Sequence[Server] = context.testbed.workspace.inventory.replicas

    def look() -> int:
        for server in replicas:
            if server.name not in done and has_it(context.ask_one(server, question)) is wanted:
                done[server.name] = time.monotonic() - began
        return len(done)

    eventually(look, len({server.name for server in replicas}), within, every=0.3)
    return done


def has_it(answer: Answer) -> bool | None:
    """Whether the new block answered; None when nobody did."""
    if not answer.answered:
        return None
    return any(record.endswith(f" {ADDRESS}") for record in answer.records)


def processes(workspace: Workspace) -> dict[str, object]:
    """Container and restarts of each DNS pod now."""
    found: dict[str, object] = {}
    for pod in workspace.inventory.pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        try:
            status = workspace.cluster.get("Pod", name, namespace)["status"]
            found[name] = [
                (s.get("containerID"), s["restartCount"]) for s in status["containerStatuses"]
            ]
        except NotFoundError as error:
            found[name] = one_line(error)
    return found


declare(
    PlannedObject(
        "",
        "ConfigMap",
        "kube-system",
        "(the Corefile)",
        ("get", "update"),
        "with --allow-disruptive only: a block is added, and taken back",
    ),
    PlannedObject(
        "",
        "Pod",
        "kube-system",
        "(DNS pods)",
        ("get", "patch"),
        "with --allow-disruptive only: an annotation lets the kubelet sync at once",
    ),
    wanted_by=["own_reload"],
)
