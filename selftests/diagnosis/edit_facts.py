"""Ways to put a fault into the facts of a healthy cluster by hand."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Contact, Talk, Trouble
from clusterdns.report.cell import Cell
from selftests.diagnosis.healthy_facts import COREFILE, OURS, REPLICAS
from selftests.spec.collected import topics

Change = Callable[[Facts], Facts]
# Checks that ask what the talks are about.
VERSION = "tests/dns/test_schema_version.py::test_dns_version_is_the_schema_version"
ABSENT = "tests/dns/test_denials.py::test_absent_name_does_not_exist_for_any_type"
OUTSIDE = "tests/network/test_forwarding.py::test_outside_name_resolves_as_on_the_node"


class Said(NamedTuple):
    """What a server said, or should have said: records stand for themselves, in any form."""

    rcode: str = "NOERROR"
    records: tuple[str, ...] = ("x",)
    error: str = ""  # there was no answer, and this is why

    def __str__(self) -> str:
        if self.error:
            return f"no answer ({self.error})"
        return f"{self.rcode} [{', '.join(self.records)}]"


RIGHT, NO_RECORD, NXDOMAIN = Said(), Said(records=()), Said("NXDOMAIN", ())


def no_answer(why: str) -> Said:
    """No answer, for this reason."""
    return Said("", (), why)


def cell(question: str, node: str, server: str, transport: str, wanted: Said, got: Said) -> Cell:
    """A deviating answer: a question such as "web. A", a server such as "pod/a (10.0.0.1)"."""
    name, _, rdtype = question.partition(" ")
    server_name, _, address = server.rstrip(")").partition(" (")
    return Cell(
        question=question,
        node=node,
        server=server,
        transport=transport,
        expected=str(wanted),
        received=str(got),
        name=name,
        rdtype=rdtype,
        server_name=server_name,
        address=address,
        rcode=got.rcode,
        error=got.error,
        records=got.records,
        wanted_rcode=wanted.rcode,
        wanted_records=wanted.records,
    )


def trouble(
    name: str, outcome: str = "failed", message: str = "made by hand", cells: tuple[Cell, ...] = ()
) -> Trouble:
    """A check that failed, with the topics that it declares. Raises KeyError for no check."""
    if name not in topics():
        raise KeyError(
            f"{name} is no check; with its parameter? pytest --collect-only -q lists them"
        )
    return Trouble(name, outcome, message, cells, topics()[name])


def failed(facts: Facts, name: str, *cells: Cell) -> Facts:
    """With one more failed check, of which these answers deviate."""
    return replace(facts, troubles=(*facts.troubles, trouble(name, cells=cells)))


def inventory(facts: Facts, **changed: Any) -> Facts:  # noqa: ANN401 - any field of Inventory
    """With another Service, other pods and so on."""
    return replace(facts, inventory=replace(facts.inventory, **changed))


def edited(facts: Facts, part: str, edit: Callable[[Any], object]) -> Facts:
    """With an object of the inventory edited in place."""
    thing = deepcopy(getattr(facts.inventory, part))
    edit(thing)
    return inventory(facts, **{part: thing})


def corefile(facts: Facts, old: str, new: str) -> Facts:
    """With another Corefile."""
    assert old in COREFILE
    return inventory(facts, corefile_text=COREFILE.replace(old, new))


def saying(facts: Facts, rule: Callable[[Talk], str | None]) -> Facts:
    """With other results of talks, where the rule has one."""
    changed = [replace(t, result=rule(t) or t.result) for t in facts.talks]
    return replace(facts, talks=tuple(changed))


def touching(facts: Facts, rule: Callable[[Contact], str | None]) -> Facts:
    """With other results of contacts, where the rule has one."""
    changed = [replace(c, result=rule(c) or c.result) for c in facts.contacts]
    return replace(facts, contacts=tuple(changed))


def crashing(facts: Facts, log: str, reason: str = "Error") -> Facts:
    """With replicas that end at once and say why."""

    def end(pods: tuple[Manifest, ...]) -> None:
        for one in pods:
            status = one["status"]
            status["conditions"][0]["status"] = "False"
            status["containerStatuses"][0].update(
                restartCount=4,
                state={"waiting": {"reason": "CrashLoopBackOff"}},
                lastState={"terminated": {"reason": reason, "exitCode": 1}},
            )

    ended = no_endpoints(edited(facts, "pods", end))
    dead = saying(ended, lambda t: None if t.kind == "upstream" else "refused")
    dead = touching(dead, lambda c: "refused" if c.what.startswith("/") else None)
    return replace(dead, logs=dict.fromkeys(REPLICAS, log), metrics={})


def no_endpoints(facts: Facts) -> Facts:
    """With a Service that leads to nobody."""
    return edited(facts, "slices", lambda slices: slices[0].update(endpoints=[]))


def failing(facts: Facts, *names: str) -> Facts:
    """With these checks failed, beside those of the suite that ask what the talks are about."""
    made = [trouble(name) for name in names]
    return replace(facts, troubles=(*facts.troubles, *made, *measured(facts)))


def deviating(facts: Facts, *names: str) -> Facts:
    """With these pieces of advice not followed."""
    made = [trouble(name, "deviation") for name in names]
    return replace(facts, troubles=(*facts.troubles, *made, *measured(facts)))


def measured(facts: Facts) -> list[Trouble]:
    """The checks that would have failed with these talks."""
    asked = {
        "known": (f"{VERSION}[{{}}]", "dns-version.cluster.local. TXT", RIGHT),
        "absent": (f"{ABSENT}[{{}}-service]", f"nobody.{OURS}.svc.cluster.local. A", NXDOMAIN),
        "outside": (f"{OUTSIDE}[{{}}]", "cp. A", RIGHT),
    }
    found = []
    for kind, (check, question, wanted) in asked.items():
        for transport in ("udp", "tcp"):
            cells = [
                cell(
                    question,
                    t.node,
                    f"{t.server} ({t.address})",
                    t.transport,
                    wanted,
                    Said(t.result, ()) if t.answered else no_answer(t.result),
                )
                for t in facts.said(kind, transport=transport)
                if t.result != wanted.rcode
            ]
            if cells:
                name = check.format(transport)
                found.append(trouble(name, message="as talked", cells=tuple(cells)))
    return found
