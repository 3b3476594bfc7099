"""What lookups of Services in client pods must find, by what the API has.

Many pods are one claim: ``wanted = lookups.api_server(...)``, then
``found = lookups.look_up(*wanted)`` and ``assert found.match(wanted), found``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from clusterdns.clients.client import Client
from clusterdns.clients.files import repeat
from clusterdns.clients.lookups import SILENT, Lookup, Results, Targets
from clusterdns.clients.planned import Role
from clusterdns.clients.pods import NoClientsError
from clusterdns.clients.resolver import DIG, Found, Step, Tool
from clusterdns.clients.search_order import Spelling, dig_walk, up_to_the_hit
from clusterdns.corefile.settings import is_within
from clusterdns.matrix.criterion import Rule
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.observation import Observation, observed
from clusterdns.matrix.tally import Tally
from clusterdns.objects.service import Service
from clusterdns.report.cell import Values

NO_ANSWER = "a question of the lookup got no answer"
Target = Callable[[Client], Service]


@dataclass(frozen=True)
class LookedUp:
    """What a check asks of one client pod: a lookup, or every step of one."""

    client: Client
    lookup: Lookup
    steps: bool = False

    def __str__(self) -> str:
        what = f"{self.lookup.name} in a {self.client.role} pod"
        return f"each step of {what}" if self.steps else what


Wanted = Mapping[LookedUp, Rule[Observation]]  # what each lookup must find


@dataclass(frozen=True)
class Lookups:
    """What must be found, from which pods, and what is. Every method raises NoClientsError."""

    results: Results
    tally: Tally

    def look_up(self, *asked: LookedUp) -> Evidence[Observation]:
        """What these lookups found."""
        return observed(map(self._seen, asked), self.tally)

    @property
    def targets(self) -> Targets:
        """The Services that were looked up."""
        return self.results.targets

    def api_server(self, role: Role, tool: Tool, spelling: Spelling) -> Wanted:
        """The API server's Service, from all clients of a role."""
        return self._finds(role, tool, spelling, lambda _: self.targets.api_server)

    def neighbour(self, role: Role, tool: Tool, spelling: Spelling) -> Wanted:
        """The Service of the same name in another namespace."""
        if self.targets.away is None:
            raise NoClientsError("--namespace was given, so there is no second namespace")
        return self._finds(role, tool, spelling, self.targets.elsewhere)

    def namesake(self, tool: Tool) -> Wanted:
        """Our Service named as the API server's, by its short name."""
        target: Target = lambda _: self.targets.namesake or self.targets.api_server  # noqa: E731
        return self._finds(Role.SECOND, tool, Spelling.SHORT, target)

    def at_home(self, roles: Iterable[Role], tool: Tool) -> Wanted:
        """The Service of that name in each client's own namespace, by its short name."""
        own = self.targets.in_namespace_of
        found = [self._finds(role, tool, Spelling.SHORT, own) for role in roles]
        return {asked: rule for wanted in found for asked, rule in wanted.items()}

    def not_lonely(self, roles: Iterable[Role], tool: Tool) -> Wanted:
        """A short name that only another namespace has must not lead there."""
        return self._misses(roles, tool, self.targets.lonely)

    def not_api_server(self, roles: Iterable[Role], tool: Tool) -> Wanted:
        """The API server's short name must not lead there from outside its namespace."""
        return self._misses(roles, tool, self.targets.api_server)

    def dig_steps(self, role: Role, spelling: Spelling) -> Wanted:
        """Every question of dig's search for the API server, with the rcode."""
        target = self.targets.api_server
        lookup = Lookup(DIG, spelling.of(target), False)
        wanted = {}
        for client in self.results.clients.of(role).values():
            walk = up_to_the_hit(
                dig_walk(lookup.name, client.conf), lambda name: name == target.fqdn.lower()
            )
            rcodes = [*["NXDOMAIN"] * (len(walk) - 1), "NOERROR"]
            steps = map(Step, walk, rcodes)
            wanted[LookedUp(client, lookup, True)] = is_value(self._inside(steps))
        return wanted

    def is_inside(self, name: str) -> bool:
        """Whether an absolute name is in the cluster domain: what is not, an upstream answers."""
        return is_within(name, self.results.testbed.zone)

    def of_the_node(self, client: Client) -> tuple[str, ...]:
        """The suffixes of a client's search list that come from its node."""
        return client.conf.host_search(client.namespace, self.results.testbed.domain)

    def leaves(self, client: Client, tool: Tool) -> bool:
        """Whether a search by dig asks servers outside the cluster on its way."""
        return tool is DIG and bool(self.of_the_node(client))

    def _inside(self, steps: Iterable[Step]) -> str:
        """The steps in the cluster domain, in words."""
        return ", ".join(str(step) for step in steps if self.is_inside(step.name))

    def _finds(self, role: Role, tool: Tool, spelling: Spelling, target: Target) -> Wanted:
        wanted = {}
        for client in self.results.clients.of(role).values():
            service = target(client)
            right = tool.expected(frozenset(service.cluster_ips), service.fqdn)
            # A name written in full is asked for below the node's suffixes before it is asked for
            # itself, and dig ends its search when their servers do not answer with NXDOMAIN.
            forgiven = spelling is Spelling.FULL and self.leaves(client, tool)
            asked = LookedUp(client, Lookup(tool, spelling.of(service), False))
            wanted[asked] = finds(right, forgiven)
        return wanted

    def _misses(self, roles: Iterable[Role], tool: Tool, service: Service) -> Wanted:
        lookup = Lookup(tool, Spelling.SHORT.of(service), True)
        return {
            LookedUp(client, lookup): misses(service, bool(self.of_the_node(client)))
            for role in roles
            for client in self.results.clients.of(role).values()
        }

    def _seen(self, asked: LookedUp) -> Observation:
        client, lookup = asked.client, asked.lookup
        _, found = self.results.of(client.role)[client.node]
        value: object = replace(found[lookup], steps=())
        if asked.steps:
            value = self._inside(found[lookup].steps) or str(found[lookup])
        return Observation(
            asked,
            client.node,
            f"nameserver {' '.join(client.conf.nameservers)}",
            lookup.tool.name,
            value,
            str(value),
            partial(repeat, self.results.clients, client, self.results.command(client, lookup)),
            values=values_of(lookup, found[lookup]),
        )


def values_of(lookup: Lookup, found: Found) -> Values:
    """What the diagnosis reads of a lookup; only an error leaves an rcode that says something.

    Nothing does where a question on the way got no answer.
    """
    asked = found.error != SILENT
    silence = NO_ANSWER if found.unanswered else ""
    return Values(
        name=lookup.name,
        server_name="nameserver",
        asked=asked,
        rcode=found.rcode if found.error and not silence else "",
        error=silence if asked else SILENT,
    )


def is_value(words: str) -> Rule[Observation]:
    """Exactly this must be found."""
    return Rule(words, lambda seen: seen.value == words, whole=True)


def finds(right: Found, forgiven: bool) -> Rule[Observation]:
    """Exactly this must be found; where an error is ``forgiven``, that will do."""

    def holds(seen: Observation) -> bool:
        got = seen.value
        return isinstance(got, Found) and (got == right or (forgiven and bool(got.error)))

    return Rule(str(right), holds, whole=True)


def misses(service: Service, may_be_late: bool) -> Rule[Observation]:
    """Anything may be found but this Service; silence only where servers outside are asked too."""

    def holds(seen: Observation) -> bool:
        got = seen.value
        if not isinstance(got, Found):
            return False
        lost = ("deadline" in got.error or got.error == SILENT) and not may_be_late
        return not lost and not got.addresses & set(service.cluster_ips)

    return Rule(f"anything but {', '.join(service.cluster_ips)}", holds, whole=True)
