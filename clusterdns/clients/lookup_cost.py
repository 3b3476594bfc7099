"""The questions that one lookup costs, by name, resolver and node: counted where they arrive."""

import shlex
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from clusterdns.clients.client import Client, startable
from clusterdns.clients.counting import NAME, OUTSIDE, walks_of
from clusterdns.clients.files import repeat
from clusterdns.clients.nameserver_health import Hearing
from clusterdns.clients.planned import MUSL_SLEEPS, Role
from clusterdns.clients.pods import Clients
from clusterdns.clients.resolver import (
    DIG,
    GETADDRINFO,
    GETHOSTBYNAME,
    dig_command,
)
from clusterdns.clients.search_order import Walk, dig_walk, glibc_walk, musl_walk, up_to_the_hit
from clusterdns.matrix.criterion import Rule
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.observation import Observation, observed
from clusterdns.matrix.tally import Tally
from clusterdns.report.cell import Values
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Testbed
from clusterdns.wait import GENTLY, eventually

Walks = Mapping[str, Walk]  # the names that were asked for, in order, by type
Wanted = Callable[[Walk, bool], list[Walks]]  # the walk and whether it ends in a hit
TAKES = 5  # how often a walk is taken whose questions seem to have changed places
TOKEN = "{token}"


@dataclass(frozen=True)
class Case:
    """A kind of name to look up; ``name`` has places for a token and the cluster domain."""

    id: str
    name: str

    def __str__(self) -> str:
        return self.id

    def spelled(self, token: str, domain: str) -> str:
        """The name, with the first label by which its questions are known."""
        return self.name.format(token=token, domain=domain)


ABSOLUTE_INSIDE = Case("absolute-in-the-cluster", "{token}.default.svc.{domain}.")
ABSOLUTE_OUTSIDE = Case("absolute-outside", f"{{token}}.{OUTSIDE}.")
SERVICE = Case("service", "{token}")
SERVICE_NAMESPACE = Case("service.namespace", "{token}.default")
SERVICE_SVC = Case("service.namespace.svc", "{token}.default.svc")
FULL = Case("full-without-final-dot", "{token}.default.svc.{domain}")
TWO_DOTS = Case("outside-with-two-dots", f"{{token}}.{OUTSIDE}")
FOUR_DOTS = Case("outside-with-four-dots", f"{{token}}.a.b.{OUTSIDE}")
FIVE_DOTS = Case("outside-with-five-dots", f"{{token}}.a.b.c.{OUTSIDE}")
NOWHERE = Case("nowhere-with-two-dots", "{token}.nowhere.test")
NOWHERE_FIVE = Case("nowhere-with-five-dots", "{token}.a.b.c.nowhere.test")

CASES = (
    ABSOLUTE_INSIDE,
    ABSOLUTE_OUTSIDE,
    SERVICE,
    SERVICE_NAMESPACE,
    SERVICE_SVC,
    FULL,
    TWO_DOTS,
    FOUR_DOTS,
    FIVE_DOTS,
    NOWHERE,
    NOWHERE_FIVE,
)


@dataclass(frozen=True)
class Resolver:
    """A resolver whose questions are counted: its command, its search, and the types it asks."""

    name: str
    command: Callable[[str], list[str]]
    walk: Callable[[str, ResolvConf], Walk]
    wanted: Wanted

    def __str__(self) -> str:
        return self.name.replace(" ", "-").replace("+", "")


def both_or_one(walk: Walk, _: bool) -> list[Walks]:
    """A and AAAA side by side; only one of them where the pod has no address of the other."""
    return [{"A": walk, "AAAA": walk}, {"A": walk}, {"AAAA": walk}]


def six_then_four(walk: Walk, hit: bool) -> list[Walks]:
    """AAAA for the whole walk, and A only if that found nothing (getent.c, hosts_keys)."""
    return [{"AAAA": walk} if hit else {"AAAA": walk, "A": walk}]


def both(walk: Walk, _: bool) -> list[Walks]:
    """A and AAAA side by side."""
    return [{"A": walk, "AAAA": walk}]


def one(walk: Walk, _: bool) -> list[Walks]:
    """Questions of type A only."""
    return [{"A": walk}]


GLIBC = Resolver(
    GETADDRINFO.name, lambda name: GETADDRINFO.command(name, 4), glibc_walk, both_or_one
)
GLIBC_OLD = Resolver(
    GETHOSTBYNAME.name, lambda name: GETHOSTBYNAME.command(name, 4), glibc_walk, six_then_four
)
DIG_SEARCH = Resolver(DIG.name, lambda name: dig_command(name, 4), dig_walk, one)
MUSL_LIBC = Resolver("musl", lambda name: [MUSL_SLEEPS[0], name], musl_walk, both)
RESOLVERS = (GLIBC, GLIBC_OLD, DIG_SEARCH, MUSL_LIBC)


@dataclass(frozen=True, eq=False)
class Sample:
    """One lookup of which the questions are counted."""

    client: Client
    resolver: Resolver
    case: Case
    token: str
    name: str  # what is looked up
    wanted: tuple[Walks, ...]  # any of these is right

    def is_right(self, walks: Walks) -> bool:
        """Whether exactly these questions came, in this order."""
        return walks in self.wanted

    def is_rearranged(self, walks: Walks) -> bool:
        """Whether the right questions came, as often as they should, in another order."""
        return not self.is_right(walks) and in_any_order(walks) in map(in_any_order, self.wanted)


def in_any_order(walks: Walks) -> dict[str, list[str]]:
    """Walks whose order says nothing."""
    return {rdtype: sorted(walk) for rdtype, walk in walks.items()}


def in_words(walks: Walks, token: str) -> str:
    """Walks as a message has them, the token left out."""
    parts = [
        f"{len(walk)} {rdtype}: " + " ".join(name.replace(token, "NAME", 1) for name in walk)
        for rdtype, walk in sorted(walks.items())
    ]
    return "; ".join(parts) or "no question arrived"


@dataclass
class SearchCost:
    """All counted lookups of a run; made at the first check that asks.

    CoreDNS logs a question after it has answered it, so the lines of two questions that follow
    each other closely can change places. A walk that only differs in its order is therefore taken
    again, ``TAKES`` times in all: a resolver with another order has it every time.
    """

    testbed: Testbed
    clients: Clients
    hearing: Hearing
    silent: frozenset[str] = frozenset()  # nodes whose client cannot reach the counting server
    results: dict[tuple[str, str], list[tuple[Sample, Walks]]] = field(default_factory=dict)

    def count(self) -> None:
        """Look everything up on all nodes.

        Raises NoClientsError, NotPossibleError when the counting server does not run,
        ProbeLostError, and ApiException for its log.
        """
        clients = list(self.clients.of(Role.NONE).values())
        self.clients.counter.coredns.wait_until_running()
        hearing = self.hearing.of(clients)
        self.silent = frozenset(c.node for c in clients if c not in hearing)
        due = [
            (client, resolver, case)
            for client in clients
            for resolver in self.resolvers
            for case in CASES
        ]
        for take in range(TAKES):
            samples = [self.sample(*each, take, n) for n, each in enumerate(due)]
            taken = self._take(samples)
            again = [s for s in samples if s.is_rearranged(taken[s.token]) and take + 1 < TAKES]
            for sample in samples:
                if sample not in again:
                    key = (str(sample.resolver), sample.case.id)
                    self.results.setdefault(key, []).append((sample, taken[sample.token]))
            due = [(s.client, s.resolver, s.case) for s in again]
            if not due:
                return

    @property
    def resolvers(self) -> tuple[Resolver, ...]:
        """The resolvers that the images have."""
        musl = self.testbed.workspace.images.musl
        return RESOLVERS if musl else tuple(r for r in RESOLVERS if r is not MUSL_LIBC)

    def sample(
        self, client: Client, resolver: Resolver, case: Case, take: int, number: int
    ) -> Sample:
        """One lookup, with what it must cost by what the client's resolv.conf says."""
        token = f"t{take}n{number}"
        name = case.spelled(token, self.testbed.domain)
        exists = self.clients.counter.exists
        walk = up_to_the_hit(resolver.walk(name, client.conf), exists)
        wanted = resolver.wanted(walk, exists(walk[-1]))
        return Sample(
            client=client,
            resolver=resolver,
            case=case,
            token=token,
            name=name,
            wanted=tuple(wanted),
        )

    def _take(self, samples: list[Sample]) -> dict[str, Walks]:
        """Look all samples up; what was asked for each token, when nothing more is due."""
        asking = [sample for sample in samples if sample.client.node not in self.silent]
        clients = {sample.client.pod: sample.client for sample in asking}
        with ThreadPoolExecutor(max_workers=max(1, len(clients))) as pool:
            list(pool.map(lambda c: self._look_up(c, samples), clients.values()))

        def look() -> dict[str, Walks]:
            arrived = self.clients.counter.questions()
            return {sample.token: walks_of(sample.token, arrived) for sample in samples}

        complete = lambda walks: all(  # noqa: E731
            s.is_right(walks[s.token]) or s.is_rearranged(walks[s.token]) for s in asking
        )
        # The last lines may still be on their way from the node to the API server.
        return eventually(look, complete, self.testbed.workspace.timeouts.query, every=GENTLY)

    def _look_up(self, client: Client, samples: list[Sample]) -> None:
        """Run the commands of one client; what they print is judged elsewhere."""
        timeout = self.testbed.workspace.timeouts.command
        mine = [sample for sample in samples if sample.client is client]
        commands = [startable(client, s.resolver.command(s.name)) for s in mine]
        if client.probe is not None:
            client.probe.run(commands, timeout)


@dataclass(frozen=True)
class Counted:
    """What a check asks of one client pod: the questions that one kind of lookup sent."""

    sample: Sample
    spelled: str  # what is looked up, in a way that does not change from run to run

    def __str__(self) -> str:
        return f"{self.spelled} in a {self.sample.client.role} pod"


@dataclass(frozen=True)
class SearchCosts:
    """What each kind of lookup must cost, and what it did."""

    cost: SearchCost
    tally: Tally

    def wanted(self, resolver: Resolver, case: Case) -> Mapping[Counted, Rule[Observation]]:
        """The names that one kind of lookup must ask for, on each node."""
        spelled = case.spelled("NAME", self.cost.testbed.domain)
        counted = self.cost.results[str(resolver), case.id]
        return {Counted(sample, spelled): walks_in(sample) for sample, _ in counted}

    def count(self, *asked: Counted) -> Evidence[Observation]:
        """The names that were asked for."""
        return observed(map(self._seen, asked), self.tally)

    def _seen(self, asked: Counted) -> Observation:
        sample = asked.sample
        counted = self.cost.results[str(sample.resolver), sample.case.id]
        walks = next(walks for one, walks in counted if one is sample)
        return Observation(
            asked,
            sample.client.node,
            f"pod/{NAME}",
            sample.resolver.name,
            walks,
            in_words(walks, sample.token),
            lambda: f"{self._lookup_again(sample)} and count in {self._log_again()}",
            values=Values(server_name=f"pod/{NAME}"),
        )

    def _lookup_again(self, sample: Sample) -> str:
        return repeat(self.cost.clients, sample.client, sample.resolver.command(sample.name))

    def _log_again(self) -> str:
        workspace = self.cost.testbed.workspace
        place = ["-n", workspace.namespace, "logs", NAME]
        return shlex.join(["kubectl", "--context", workspace.cluster.context, *place])


def walks_in(sample: Sample) -> Rule[Observation]:
    """Exactly the questions of one of the walks that are right for a lookup."""
    words = " or ".join(in_words(each, sample.token) for each in sample.wanted)
    return Rule(words, lambda seen: seen.value in sample.wanted, whole=True)
