"""Ways to make the facts of a healthy cluster sick by hand."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Cell, Contact, Talk, Trouble
from selftests.diagnosis.healthy_facts import COREFILE, OURS, REPLICAS

Change = Callable[[Facts], Facts]


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
    made = [Trouble(name, "failed", "made by hand") for name in names]
    return replace(facts, troubles=(*facts.troubles, *made, *measured(facts)))


def deviating(facts: Facts, *names: str) -> Facts:
    """With these pieces of advice not followed."""
    made = [Trouble(name, "deviation", "made by hand") for name in names]
    return replace(facts, troubles=(*facts.troubles, *made, *measured(facts)))


def measured(facts: Facts) -> list[Trouble]:
    """The checks that would have failed with these talks."""
    asked = {
        "known": ("tests/dns/test_schema_version.py::test_dns_version", "NOERROR"),
        "absent": ("tests/dns/test_denials.py::test_absent_service_is_nxdomain", "NXDOMAIN"),
        "outside": ("tests/network/test_forwarding.py::test_outside_name_resolves", "NOERROR"),
    }
    names = {
        "known": "dns-version.cluster.local. TXT",
        "absent": f"nobody.{OURS}.svc.cluster.local. A",
        "outside": "cp. A",
    }
    found = []
    for kind, (name, expected) in asked.items():
        for transport in ("udp", "tcp"):
            cells = [
                Cell(names[kind], t.node, f"{t.server} ({t.address})", t.transport, expected, got)
                for t in facts.said(kind, transport=transport)
                if t.result != expected
                for got in [f"{t.result} []" if t.answered else f"no answer ({t.result})"]
            ]
            if cells:
                found.append(Trouble(f"{name}[{transport}]", "failed", "as talked", tuple(cells)))
    return found
