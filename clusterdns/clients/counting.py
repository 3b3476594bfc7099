"""Count the questions that a lookup really costs: a private CoreDNS writes each of them down.

It answers a few names by itself and denies all others, so that no upstream has a say. Each lookup
carries a token as its first label, by which its questions are told apart.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.clients.search_order import Walk
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns, why_no_coredns
from clusterdns.own_coredns.instance import main_started
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed.testbed import Workspace

NAME = "question-counter"
OUTSIDE = "walk.test"  # a domain that no cluster serves (RFC 6761 6.2)
ADDRESSES = {"A": "192.0.2.53", "AAAA": "2001:db8::53"}  # what a name that exists has
_LINE = re.compile(
    r"counted (?P<id>\d+) (?P<rdtype>\S+) (?P<name>\S+) (?P<rcode>\S+) (?P<source>\S+)"
)


@dataclass(frozen=True)
class Counted:
    """One question that arrived. A repetition of a lost one has the same id."""

    id: int
    rdtype: str
    name: str  # in lower case, with its final dot
    rcode: str
    source: str

    @property
    def token(self) -> str:
        """The first label of the question's name, by which questions are told apart."""
        return self.name.partition(".")[0]


def counted_in(log: str) -> tuple[Counted, ...]:
    """The questions that a log shows, in order; one that was sent twice is counted once."""
    seen: dict[tuple[int, str, str, str], Counted] = {}
    for found in _LINE.finditer(log):
        question = Counted(
            int(found["id"]),
            found["rdtype"],
            found["name"].lower(),
            found["rcode"],
            found["source"],
        )
        key = (question.id, question.rdtype, question.name, question.source)
        seen.setdefault(key, question)
    return tuple(seen.values())


def walks_of(token: str, questions: Iterable[Counted]) -> dict[str, Walk]:
    """What was asked for one token: the names in order, by type."""
    walks: dict[str, Walk] = {}
    for question in questions:
        if question.token == token:
            walks[question.rdtype] = (*walks.get(question.rdtype, ()), question.name)
    return walks


@dataclass
class QuestionCounter:
    """The private CoreDNS that counts, behind a Service of its own."""

    workspace: Workspace
    domain: str  # the cluster domain, without a final dot

    @property
    def existing(self) -> tuple[str, ...]:
        """Patterns of the names that exist: one label below two namespaces, and all outside."""
        zone = re.escape(f"svc.{self.domain}.")
        namespaces = f"default|{re.escape(self.workspace.namespace)}"
        outside = re.escape(f"{OUTSIDE}.")
        return (rf"^[^.]+\.({namespaces})\.{zone}$", rf"^([^.]+\.)+{outside}$")

    def exists(self, name: str) -> bool:
        """Whether it has addresses for an absolute name."""
        return any(re.match(pattern, name.lower()) for pattern in self.existing)

    @property
    def corefile(self) -> str:
        """The Corefile of the counting CoreDNS: plugins of every standard CoreDNS since 1.1."""
        matches = "".join(f"        match {pattern}\n" for pattern in self.existing)
        templates = "".join(
            f"    template IN {rdtype} {{\n{matches}"
            f'        answer "{{{{ .Name }}}} 30 IN {rdtype} {address}"\n'
            "        fallthrough\n    }\n"
            for rdtype, address in ADDRESSES.items()
        )
        return (
            ".:53 {\n"
            "    errors\n"
            '    log . "counted {>id} {type} {name} {rcode} {remote}"\n'
            f"{templates}"
            "    template ANY ANY {\n        rcode NXDOMAIN\n"
            '        authority ". 30 IN SOA ns.walk.test. admin.walk.test. 1 60 60 60 30"\n    }\n'
            "}\n"
        )

    @property
    def coredns(self) -> OwnCoreDns:
        """The pod with its ConfigMap and Service."""
        files = {"Corefile": self.corefile}
        return OwnCoreDns(self.workspace, NAME, files, service=True)

    def create(self) -> str:
        """Make it; the cluster IP of its Service, before its pod runs.

        Raises NotPossibleError where there is no CoreDNS to start, kubernetes.client.ApiException
        as the API server answers.
        """
        if why := why_no_coredns(self.workspace.inventory):
            raise NotPossibleError(why)
        made = self.workspace.cluster.create_all(self.coredns.manifests())
        (service,) = [each for each in made if each.get("kind") == "Service"]
        return str(service["spec"]["clusterIP"])

    def runs(self) -> bool:
        """Whether its pod runs by now, as far as the API server tells."""
        try:
            return bool(main_started(self.coredns.seen()))
        except ApiException:
            return False

    def questions(self) -> tuple[Counted, ...]:
        """All questions that have arrived so far."""
        return counted_in(self.coredns.logs())


declare(
    *(
        PlannedObject(
            "", kind, PLACES.main, NAME, verbs=verbs, why="counts the questions of a lookup"
        )
        for kind, verbs in (
            ("Pod", ("create", "list")),
            ("ConfigMap", ("create",)),
            ("Service", ("create",)),
            ("Pod/log", ("get",)),
        )
    ),
    wanted_by=["clients"],
)
