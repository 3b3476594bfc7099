"""Two runs on paper, and a cluster that answers as the second one does."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from clusterdns.compare.content import Content, Edns, Entry
from clusterdns.compare.earlier import Earlier
from clusterdns.compare.memory import Spot
from clusterdns.compare.recording import Cell, Place, Recording
from clusterdns.compare.roles import RUN, ZONE
from clusterdns.compare.runs import Asker, PathKey, comparison_of, measure
from clusterdns.compare.speed import blocks_of
from clusterdns.report.comparison import Comparison
from clusterdns.report.model import Check, Report, Suite

NODES = ("n1", "n2")
SERVERS = (Place("service/kube-dns"), Place("pod/a", "n1"), Place("pod/b", "n2"))
TRANSPORTS = ("udp", "tcp")
CHECKS = ("addresses", "pointers", "ports", "denials", "hosts")
SOA = f"ns.dns.{ZONE} hostmaster.{ZONE} serial 7200 1800 86400 30"

Where = tuple[str, Place, str]  # node, server, transport
Change = Callable[[str, Where, Content], Content]


def positive(owner: str, rdtype: str, *data: str, ttl: int = 30) -> Content:
    """An authoritative answer."""
    entries = tuple(Entry(owner, rdtype, ttl, each) for each in data)
    return Content(
        opcode="QUERY",
        rcode="NOERROR",
        flags="QR AA RD",
        echoed=f"{owner} {rdtype}",
        answer=entries,
        edns=Edns(0, 1232),
    )


def denial(owner: str, rdtype: str) -> Content:
    """An authoritative NXDOMAIN."""
    plain = positive(owner, rdtype)
    soa = Entry(ZONE, "SOA", 30, SOA)
    return replace(plain, rcode="NXDOMAIN", authority=(soa,), serials=(1790000000,))


def usual() -> dict[str, tuple[str, Content]]:
    """What every server says, by question: with the check that asks it."""
    found: dict[str, tuple[str, Content]] = {}
    for n in range(20):
        name = f"web{n}.{RUN}.svc.{ZONE}"
        found[f"{name} A"] = "addresses", positive(name, "A", f"<Service web{n} IPv4>")
        reverse = f"<reverse of Service web{n} IPv4>"
        found[f"{reverse} PTR"] = "pointers", positive(reverse, "PTR", name)
        nobody = f"none{n}.{RUN}.svc.{ZONE}"
        found[f"{nobody} A"] = "denials", denial(nobody, "A")
    for n in range(8):
        name = f"_dns._udp.peers{n}.other.svc.{ZONE}"
        targets = [f"0 33 53 {host}.peers{n}.other.svc.{ZONE}" for host in ("one", "two", "three")]
        found[f"{name} SRV"] = "ports", positive(name, "SRV", *targets)
        if n > 3:
            continue
        found[f"db{n}.corp.test. A"] = "hosts", positive(f"db{n}.corp.test.", "A", f"10.1.1.{n}")
    return found


@dataclass
class World:
    """A cluster on paper. ``changes`` are made to each of its answers; ``ms`` is what one takes."""

    changes: Sequence[Change] = ()
    answers: dict[str, tuple[str, Content]] = field(default_factory=usual)
    delay: Callable[[str, Where], float] = lambda question, where: 0.0
    outcomes: dict[str, str] = field(default_factory=dict)

    def content(self, question: str, where: Where) -> Content:
        """What is said to a question."""
        content = self.answers[question][1]
        for change in self.changes:
            content = change(question, where, content)
        return content

    def ms(self, question: str, where: Where, number: int) -> float:
        """How long it takes: one to three milliseconds, now and then 80."""
        noise = 80.0 if number % 23 == 0 else 1.0 + number % 7 / 3
        return noise + self.delay(question, where)

    def run(self) -> Recording:
        """The recording of a run."""
        made, numbers = Recording(zone="cluster.local."), count(1)
        made.checks = [(f"tests/dns/test_{name}.py::test_{name}", "") for name in CHECKS]
        made.questions, made.nodes, made.servers = list(self.answers), list(NODES), list(SERVERS)
        contents: dict[Content, int] = {}
        times: dict[tuple[int, int, str], list[float]] = {}
        for question, (check, _) in self.answers.items():
            for where in places():
                content = self.content(question, where)
                number, node, server = next(numbers), NODES.index(where[0]), SERVERS.index(where[1])
                ms = self.ms(question, where, number)
                index = contents.setdefault(content, len(contents))
                at = made.questions.index(question)
                made.cells.append(Cell(CHECKS.index(check), at, node, server, where[2], index, ms))
                times.setdefault((node, server, where[2]), []).append(ms)
        made.contents = list(contents)
        made.paths = {path: blocks_of(every) for path, every in times.items()}
        return made

    def report(self) -> Report:
        """The report of a run: every check has passed, but for ``outcomes``."""
        checks = tuple(
            Check(f"tests/dns/test_{name}.py::test_{name}", "", "must", outcome)  # type: ignore[arg-type]
            for name in CHECKS
            if (outcome := self.outcomes.get(name, "passed"))
        )
        return Report("2026-11-30T12:00:00Z", Suite("1"), checks=checks)

    def asker(self) -> Asker:
        """Asks this world."""
        by_spot = {(p.words): p for p in SERVERS}
        numbers = count(1)

        def where(spot: Spot | tuple[str, ...]) -> Where:
            return spot[-3], by_spot[spot[-2]], spot[-1]

        def again(spots: Sequence[Spot], fresh: bool) -> dict[Spot, list[Content]]:
            times = 4 if fresh else 1
            return {s: [self.content(s[0], where(s)) for _ in range(times)] for s in spots}

        def times(spots: Sequence[Spot]) -> tuple[list[float], list[float]]:
            found: list[float] = []
            while len(found) < 30:
                found += [self.ms(spot[0], where(spot), next(numbers)) for spot in spots]
            return found, [self.ms("", where(spots[0]), next(numbers)) for _ in range(30)]

        def of_path(path: PathKey) -> list[float]:
            return [self.ms("", where(path), next(numbers)) for _ in range(30)]

        return Asker(again, times, of_path)


def places() -> Iterable[Where]:
    """Every node, server and transport."""
    return ((n, s, t) for n in NODES for s in SERVERS for t in TRANSPORTS)


def compared(before: World | Sequence[World], now: World, live: World | None = None) -> Comparison:
    """The comparison of a run of each; ``live`` is what is there when it is asked again."""
    run = now.run()
    worlds = [before] if isinstance(before, World) else before
    earlier = [Earlier("old", world.report(), world.run()) for world in worlds]
    measured = measure(earlier, run, (live or now).asker())
    return comparison_of(earlier, now.report(), measured)
