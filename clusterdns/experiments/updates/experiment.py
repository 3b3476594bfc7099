"""Objects change, all at once, and every replica is watched until it shows each change."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.corefile import Corefile, Reading
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import NAMESPACE, SLICES, Experiment
from clusterdns.experiments.updates.delays import Awaited, Seen, Watch
from clusterdns.experiments.updates.unready_pod import UnreadyPod
from clusterdns.matrix.controls import control_questions
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.expect import Wanted
from clusterdns.objects.updates import Change, Changes
from clusterdns.own_coredns import NotPossibleError
from clusterdns.run.ledger import one_line
from clusterdns.run.plan import PlannedObject
from clusterdns.testbed.testbed import DEFAULT_DOMAIN

VERBS = ("create", "get", "patch", "delete")  # of the Services that change
USUAL_CACHE = 30.0  # seconds; kubeadm's cap, where no Corefile says


@dataclass(frozen=True, repr=False)
class Update:
    """When each server showed one change, and the state before it."""

    name: str
    before: Seen  # the state that it began with
    after: Seen

    @property
    def wanted(self) -> Wanted:
        """What every question must be answered with after the change."""
        return self.after.awaited.wanted

    def __repr__(self) -> str:
        allowed = self.after.awaited.allowed
        lines = [f"{self.name}: must be visible everywhere within {allowed:g} s", f"  {self.after}"]
        if self.before.slowest is None:
            lines.append(f"  the state before was not reached either: {self.before}")
        wrong = [a for a in self.after.answers if not self.wanted[a.question].accepts(a)]
        for answer in wrong[:4]:
            lines.append(f"  expected  {self.wanted[answer.question]}")
            lines.append(f"  received  {answer.received} from {answer.server}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Updates:
    """All changes by name; ``missing`` says why one could not be made."""

    made: Mapping[str, Update]
    missing: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Update:
        """The change of that name. Raises NotPossibleError when it could not be made."""
        if name not in self.made:
            raise NotPossibleError(self.missing.get(name, f"{name} was never made"))
        return self.made[name]


@dataclass
class UpdatesExperiment(Experiment[Updates]):
    """Objects that change, and when each replica shows it.

    Makes the Services first; changes them when there are probes.
    """

    name = "updates"
    needs_coredns = False
    survives_refusals = True
    plan = (
        PlannedObject("", "Service", NAMESPACE, "update-*", VERBS, "changes to be seen in DNS"),
        PlannedObject(
            SLICES, "EndpointSlice", NAMESPACE, "update-*", ("create", "patch"), "their endpoints"
        ),
        PlannedObject(SLICES, "EndpointSlice", NAMESPACE, "unready-*", ("list",), "is it listed"),
        PlannedObject("", "Service", NAMESPACE, "unready", ("create", "patch"), "its Service"),
        PlannedObject("", "Pod", NAMESPACE, "unready", ("create", "get"), "with a readiness gate"),
        PlannedObject("", "Pod/status", NAMESPACE, "unready", ("patch",), "to make it ready"),
    )

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        workspace = self.setup.workspace
        pod = UnreadyPod(workspace, self.setup.node, DEFAULT_DOMAIN)
        return [*Changes(workspace, DEFAULT_DOMAIN).manifests(), *pod.manifests()]

    def conduct(self, context: ExperimentContext) -> Updates:
        """Change everything, and watch. Raises ProbeLostError, ApiException."""
        workspace, domain = self.setup.workspace, context.testbed.domain
        repeat = workspace.repeat
        servers = workspace.inventory.replicas or context.testbed.servers
        probes = {context.probe.node: context.probe}
        controls = control_questions(context.testbed.zone)
        everyone = Matrix(probes, servers, workspace.timeouts.query, repeat, controls)
        watch = Watch(everyone, servers)
        pod = UnreadyPod(workspace, self.setup.node, domain)
        try:
            with ThreadPoolExecutor(max_workers=1) as pool:
                steps = pool.submit(pod.conduct, watch, self._allowed)
                planned = Changes(workspace, domain)
                refused = {
                    change.name: why
                    for change in planned.all()
                    if (why := context.why_refused(planned.manifests_of(change)))
                }
                made = self._change(watch, planned, refused)
                seen, missing = steps.result()
        finally:
            everyone.close()
        made |= {name: Update(name, *states) for name, states in seen.items()}
        return Updates(made, {**missing, **refused})

    def _change(self, watch: Watch, planned: Changes, refused: dict[str, str]) -> dict[str, Update]:
        """The result of each change, by name; ``refused`` grows by those that were refused."""
        cluster, now = self.setup.workspace.cluster, time.monotonic()
        changes = [change for change in planned.all() if change.name not in refused]
        if not changes:
            return {}
        first = {change.name: change.first(cluster) for change in changes}
        before = watch.until(
            {n: Awaited(wanted, now, self._allowed(wanted)) for n, (_, wanted) in first.items()}
        )

        def act(change: Change) -> Awaited:
            service, old = first[change.name]
            try:
                told = change.act(cluster)
            except ApiException as error:
                refused[change.name] = f"{change.name}: {one_line(error)}"
                return Awaited({}, time.monotonic(), 0.0)  # nothing is waited for
            began = time.monotonic()
            new = change.after(service, told)
            return Awaited(new, began, self._allowed({**old, **new}))

        longest = max(each.awaited.allowed for each in before.values())
        with ThreadPoolExecutor(max_workers=4) as pool:
            begun = {change.name: pool.submit(act, change) for change in changes}
            after = watch.follow(begun, self.setup.workspace.timeouts.api + longest)
        return {name: Update(name, before[name], after[name]) for name in after.keys() - refused}

    def _allowed(self, wanted: Wanted) -> float:
        """Seconds for the watch, and what a cache may add for these names, denials included."""
        corefile, watch = (
            self.setup.workspace.inventory.corefile,
            self.setup.workspace.timeouts.watch,
        )
        if not isinstance(corefile, Corefile):
            return watch + USUAL_CACHE
        reading = Reading(corefile)
        cached = [reading.cached_seconds(q.name, n) for q in wanted for n in (False, True)]
        return watch + max(cached, default=0)
