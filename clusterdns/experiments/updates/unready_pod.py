"""A pod that is not ready, its Service that publishes it all the same, and what changes that."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest, NotFoundError, path_of
from clusterdns.experiments.updates.delays import Awaited, Seen, Watch
from clusterdns.matrix import expect
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question
from clusterdns.names import address_type
from clusterdns.objects.service import Service
from clusterdns.objects.wanted import denied
from clusterdns.run.ledger import one_line
from clusterdns.testbed import manifests
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import GENTLY, eventually

NAME = "unready"
HOSTNAME = "patient"
GATE = "dns-conformance/ready"  # nobody sets it but us
PUBLISHED, WITHHELD, READY = (
    "unready pod published",
    "unready pod no longer published",
    "pod becomes ready",
)
READINESS = (PUBLISHED, WITHHELD, READY)
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class UnreadyPod:
    """The pod has a readiness gate, a hostname, and a headless Service of its subdomain."""

    workspace: Workspace
    node: str
    domain: str

    @property
    def service(self) -> Service:
        """The headless Service of the pod that is not ready."""
        return Service(NAME, self.workspace.namespace, self.domain)

    def manifests(self) -> list[Manifest]:
        """The Service and the pod."""
        run, namespace = self.workspace.run, self.workspace.namespace
        service: Manifest = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": manifests.metadata(run, NAME, namespace),
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "ipFamilyPolicy": "PreferDualStack",
                "selector": {"app": NAME},
                "ports": [{"name": "http", "port": 80}],
            },
        }
        pod = manifests.pod(
            run,
            NAME,
            namespace,
            self.workspace.images.dnsutils,
            node=self.node,
            lifetime=self.workspace.timeouts.lifetime,
            hostname=HOSTNAME,
            subdomain=NAME,
            readinessGates=[{"conditionType": GATE}],
        )
        return [service, pod]

    def conduct(
        self, watch: Watch, allowed: Callable[[Wanted], float]
    ) -> tuple[dict[str, tuple[Seen, Seen]], dict[str, str]]:
        """The three states one after the other; and why some were not reached."""
        seen: dict[str, tuple[Seen, Seen]] = {}
        acts = {PUBLISHED: lambda: None, WITHHELD: self._withhold, READY: self._make_ready}
        before = Seen(Awaited({}, time.monotonic(), 0.0))
        for name, act in acts.items():
            ready = name != WITHHELD
            listed, why = self._reach(act, ready, self._patience(name))
            if not listed:
                return seen, dict.fromkeys((n for n in READINESS if n not in seen), why)
            wanted = self._wanted(listed, ready)
            after = watch.until({name: Awaited(wanted, time.monotonic(), allowed(wanted))})[name]
            seen[name] = before, after
            before = after
        return seen, {}

    def _reach(
        self, act: Callable[[], None], ready: bool, within: float
    ) -> tuple[tuple[str, ...], str]:
        """Do something; the addresses that the slices then list, or why there are none."""
        try:
            act()
            look = partial(self._listed, ready)
            listed = eventually(look, lambda found: bool(found), within, every=GENTLY)
            phase = self._phase()
        except (ApiException, NotFoundError) as error:
            return (), f"{NAME} could not be changed or read: {one_line(error)}"
        return listed, f"no EndpointSlice of {NAME} listed its pod as ready: {ready} ({phase})"

    def _patience(self, name: str) -> float:
        timeouts = self.workspace.timeouts
        return timeouts.pod if name == PUBLISHED else 3 * timeouts.watch

    def _listed(self, ready: bool) -> tuple[str, ...]:
        """The addresses that the slices list as ready, or as not ready."""
        labels = f"kubernetes.io/service-name={NAME}"
        found = self.workspace.cluster.list("EndpointSlice", self.workspace.namespace, labels)
        return tuple(
            address
            for piece in found
            for endpoint in piece.get("endpoints") or []
            for address in endpoint["addresses"]
            if endpoint["conditions"].get("ready") is ready
        )

    def _wanted(self, addresses: tuple[str, ...], ready: bool) -> Wanted:
        service, name = self.service, self.service.below(HOSTNAME)
        return {
            Question(name, rdtype): expect.addresses(
                name, [a for a in addresses if address_type(a) == rdtype]
            )
            if ready
            else denied(service)
            for rdtype in {address_type(a) for a in addresses}
        }

    def _withhold(self) -> None:
        change = {"spec": {"publishNotReadyAddresses": False}}
        self.workspace.cluster.patch("Service", NAME, self.workspace.namespace, change)

    def _make_ready(self) -> None:
        path = f"{path_of('Pod', self.workspace.namespace, NAME)}/status"
        change = {"status": {"conditions": [{"type": GATE, "status": "True"}]}}
        self.workspace.cluster.request("PATCH", path, change, content_type=STRATEGIC)

    def _phase(self) -> str:
        pod = self.workspace.cluster.find("Pod", NAME, self.workspace.namespace) or {}
        return str(pod.get("status", {}).get("phase", "there is no such pod"))
