"""Whether the nameserver of a client pod answers at all: one cheap look before many lookups."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from clusterdns.clients.client import Client
from clusterdns.clients.counting import OUTSIDE
from clusterdns.clients.planned import Role
from clusterdns.clients.pods import Clients
from clusterdns.clients.resolver import answered, first_question
from clusterdns.probe import ProbeLostError
from clusterdns.wait import eventually


@dataclass
class Hearing:
    """Whether the first question in each client pod was answered.

    Who wants to know it of some pods has all others asked too that are up by then, side by side:
    where DNS is dead, the seconds that this takes are spent once and not for every role. The
    server that counts questions is new, and waited for as long as a change may take.
    """

    clients: Clients
    heard: dict[tuple[str, str], bool] = field(default_factory=dict)  # by namespace and pod
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, wanted: Iterable[Client]) -> list[Client]:
        """The clients whose nameserver answers, and those that are lost, which say why."""
        wanted = list(wanted)
        with self.lock:
            others = [client for client in self.clients.up() if self._may_ask(client)]
            new = {_place(client): client for client in (*wanted, *others)}
            new = {place: client for place, client in new.items() if place not in self.heard}
            with ThreadPoolExecutor(max_workers=max(1, len(new))) as pool:
                self.heard |= zip(new, pool.map(self._hears, new.values()), strict=True)
            return [client for client in wanted if self.heard[_place(client)]]

    def _may_ask(self, client: Client) -> bool:
        """Whether it can be asked along with others: the counting server may not run yet."""
        return client.role is not Role.NONE or self.clients.counter.runs()

    def _hears(self, client: Client) -> bool:
        counts = client.role is Role.NONE
        domain, timeouts = self.clients.testbed.domain, self.clients.testbed.workspace.timeouts
        name = f"ready.{OUTSIDE}" if counts else f"kubernetes.default.svc.{domain}"
        probe, words = client.probe, first_question(name, tries=1 if counts else 2)
        if probe is None:
            return True
        ask = lambda: answered(probe.run([words], timeouts.command)[0])  # noqa: E731
        try:
            return eventually(ask, True, timeouts.watch if counts else 0.0)
        except ProbeLostError:
            return True  # the next command says how it was lost


def _place(client: Client) -> tuple[str, str]:
    return client.namespace, client.pod
