"""Client pods of every DNS policy, one on each node, and what the kubelet wrote for them.

They are started in one go, in the background, and read as each of them comes up.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial

from kubernetes.client import ApiException

from clusterdns.clients.client import Client, enter
from clusterdns.clients.counting import QuestionCounter
from clusterdns.clients.planned import Given, Planned, Role, plan_pods
from clusterdns.cluster import Manifest
from clusterdns.own_coredns import NotPossibleError
from clusterdns.run.ledger import one_line
from clusterdns.testbed.probes import is_running, is_stuck, why_not_running
from clusterdns.testbed.testbed import Testbed
from clusterdns.wait import GENTLY, eventually


class NoClientsError(Exception):
    """Client pods that a check needs are not there; the text is the reason."""


class Clients:
    """All client pods of a run; made by ``start_clients``.

    ``of`` waits for those of one role.
    """

    def __init__(self, testbed: Testbed, kept: bool = False) -> None:
        self.testbed = testbed
        self.kept = kept  # whether the pods stay, so that commands can be repeated in them
        self.counter = QuestionCounter(testbed.workspace, testbed.domain)
        self._refused: dict[Role, str] = {}
        self._pods: dict[str, Planned] = {}
        self._entered: dict[str, Future[Client]] = {}
        self._planned = threading.Event()
        self._enough = threading.Event()
        # Each exec handshake costs processor time on both sides: a few at once are enough.
        self._pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="clients")
        self._bad_nodes: set[str] = set()
        self._allowed = testbed.workspace.timeouts.pod + testbed.workspace.timeouts.probe  # for all

    def of(self, role: Role) -> dict[str, Client]:
        """The clients of a role by node. Raises NoClientsError when one of them is missing."""
        if role is Role.CLUSTER_FIRST:
            return self._probes()
        if not self._planned.wait(self._allowed):
            raise NoClientsError(f"no client pod was planned within {self._allowed:.0f} s")
        if role in self._refused:
            raise NoClientsError(self._refused[role])
        found: dict[str, Client] = {}
        for name, planned in self._pods.items():
            if planned.role is role:
                try:
                    found[planned.node] = self._entered[name].result(self._allowed)
                except NotYet:
                    raise NoClientsError(
                        f"pod {name} on {planned.node} is still starting"
                    ) from None
        if not found:
            raise NoClientsError("no node has a client pod, as none has a probe")
        return found

    def up(self) -> list[Client]:
        """The clients in which names can be looked up by now, without waiting for any."""
        entered = [future for future in self._entered.values() if future.done()]
        found = [f.result() for f in entered if not f.cancelled() and f.exception() is None]
        probes = self._probes().values() if self.testbed.probes else ()
        return [client for client in (*probes, *found) if client.probe is not None]

    def one(self, role: Role) -> Client:
        """The only client of a role. Raises NoClientsError."""
        return next(iter(self.of(role).values()))

    def given(self, role: Role) -> Mapping[str, Given]:
        """The dnsConfig that the clients of a role were given, by node."""
        return {p.node: p.given for p in self._pods.values() if p.role is role and p.given}

    def close(self) -> None:
        """Stop what still starts, and leave the pods; they go with their namespaces."""
        self._enough.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for client in self.up():
            if client.probe is not None and client.role is not Role.CLUSTER_FIRST:
                client.probe.close()

    def start(self) -> None:
        """Plan, create and enter all pods, in a thread of its own."""
        threading.Thread(target=self._bring_up, name="clients", daemon=True).start()

    def _bring_up(self) -> None:
        queue: list[Planned] = []
        try:
            queue = self._plan()
        except Exception as error:  # reported to whoever asks for a client
            reason = f"client pods could not be made: {one_line(error)}"
            self._refused = {**dict.fromkeys(Role, reason), **self._refused}
        finally:
            self._planned.set()
        starting: dict[str, float] = {}  # pod: until when it is waited for (time.monotonic)
        advance = partial(self._advance, queue, starting)
        try:
            eventually(advance, lambda left: left == 0, within=self._allowed, every=0.3)
            reason = "the run is over" if self._enough.is_set() else "there was no time left for it"
        except Exception as error:  # reported to whoever asks for a client
            reason = one_line(error)
        for name in [*starting, *(planned.name for planned in queue)]:
            self._give_up(name, f"the pod {name} was not waited for: {reason}")

    def _plan(self) -> list[Planned]:
        workspace = self.testbed.workspace
        host, why = workspace.active.host_namespace()
        if host is None:
            self._refused |= dict.fromkeys((Role.HOST_NETWORK, Role.FALLBACK), why)
        if workspace.second_namespace is None:
            self._refused[Role.SECOND] = "--namespace was given, so there is no second namespace"
        if workspace.images.musl is None:
            self._refused[Role.MUSL] = "there is no image with musl's resolver (--musl-image)"
        nameserver = None
        try:
            nameserver = self.counter.create()
        except (ApiException, NotPossibleError) as error:
            self._refused[Role.NONE] = f"no private CoreDNS to count questions: {one_line(error)}"
        if host:
            self._wait_for_account(host)
        planned = plan_pods(self.testbed, host, nameserver)
        self._pods = {one.name: one for one in planned}
        self._entered = {one.name: Future() for one in planned}
        return planned

    def _wait_for_account(self, namespace: str) -> None:
        """A namespace that was just made takes pods only when it has its ServiceAccount."""
        cluster, within = self.testbed.workspace.cluster, self.testbed.workspace.timeouts.watch
        account = partial(cluster.find, "ServiceAccount", "default", namespace)
        eventually(account, lambda found: found is not None, within, every=GENTLY)

    def _advance(self, queue: list[Planned], starting: dict[str, float]) -> int:
        """Enter what runs by now and create what is next; how many are left.

        One pod starts on each node at a time: starting them all at once would take the
        processor from the checks that go on meanwhile, and from the DNS that they ask.
        """
        if self._enough.is_set():
            return 0
        try:
            states = self._states({self._pods[name].namespace for name in starting})
        except ApiException:
            states = {}  # it may answer the next time; what is late is given up below
        for name in list(starting):
            pod, late = states.get(name, {}), time.monotonic() > starting[name]
            if is_running(pod):
                self._pool.submit(self._enter, self._pods[name], pod)
            elif is_stuck(pod) or late:
                self._give_up(name, self._why_missing(self._pods[name], pod))
                self._bad_nodes.add(self._pods[name].node)
            else:
                continue
            del starting[name]
        for planned in list(queue):
            if planned.node in self._bad_nodes:
                self._give_up(planned.name, f"another client pod on {planned.node} did not start")
            elif planned.node in {self._pods[name].node for name in starting}:
                continue
            elif refusal := self._create_pod(planned):
                self._give_up(planned.name, refusal)
            else:
                starting[planned.name] = time.monotonic() + self.testbed.workspace.timeouts.pod
            queue.remove(planned)
        return len(queue) + len(starting)

    def _give_up(self, name: str, reason: str) -> None:
        self._entered[name].set_exception(NoClientsError(reason))

    def _create_pod(self, planned: Planned) -> str:
        """Why the API server refused a pod; empty when it did not."""
        try:
            self.testbed.workspace.cluster.create(planned.manifest)
        except ApiException as error:
            return f"pod {planned.name} was refused: {one_line(error)}"
        return ""

    def _states(self, namespaces: Iterable[str]) -> dict[str, Manifest]:
        pod_list = self.testbed.workspace.pod_list
        return {name: pod for each in namespaces for name, pod in pod_list.pods(each).items()}

    def _why_missing(self, planned: Planned, pod: Manifest) -> str:
        why = why_not_running(self.testbed.workspace.cluster, pod)
        return f"the {planned.role} client on {planned.node} does not run: {why}"

    def _enter(self, planned: Planned, pod: Manifest) -> None:
        future = self._entered[planned.name]
        try:
            future.set_result(enter(self.testbed, planned, str(pod["status"].get("podIP", ""))))
        except Exception as error:  # reported to whoever asks for this client
            text = f"nothing can be run in pod {planned.name} on {planned.node}: {error}"
            future.set_exception(NoClientsError(text))

    def _probes(self) -> dict[str, Client]:
        if not self.testbed.probes:
            raise NoClientsError(f"no node has a probe: {self.testbed.why_no_probe}")
        return {
            node: Client(
                role=Role.CLUSTER_FIRST,
                node=node,
                namespace=probe.namespace,
                pod=probe.pod,
                address="",
                conf=self.testbed.resolv_confs[node],
                text=str(self.testbed.resolv_confs[node]),
                probe=probe,
            )
            for node, probe in self.testbed.probes.items()
        }


def start_clients(testbed: Testbed, kept: bool = False) -> Clients:
    """Begin to start all client pods; returns at once."""
    clients = Clients(testbed, kept)
    clients.start()
    return clients
