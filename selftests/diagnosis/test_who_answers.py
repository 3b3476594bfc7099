"""Who answers where pods are told to ask is neither missing nor a wrong kubelet."""

from dataclasses import replace

import pytest

from clusterdns.diagnosis import Facts, diagnose
from clusterdns.inventory.told import Told
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import failing, inventory
from selftests.diagnosis.faulty_facts.service import missing
from selftests.diagnosis.healthy_facts import healthy

SAYS_MISSING = {
    "dns-svc-missing",
    "scaled-or-pending",
    "kubelet-clusterdns-wrong",
    "nodelocal-ipvs-clusterdns",
}


def telling(facts: Facts, ip: str, answered: bool) -> Facts:
    """The facts of a cluster whose pods are told this address on every node."""
    nodes = list(facts.resolv_confs)
    confs = {n: replace(c, nameservers=(ip,)) for n, c in facts.resolv_confs.items()}
    said = dict.fromkeys(nodes, (ip,)) if answered else {}
    known = Told(dict.fromkeys(nodes, (ip,)), said, said)
    changed: dict[str, ResolvConf] = confs
    return replace(inventory(facts, told=known), resolv_confs=changed)


def without_objects(facts: Facts) -> Facts:
    """DNS of the provider: nothing of it is in the API, and a check failed all the same."""
    gone = inventory(missing(facts), workload=None, pods=(), corefile_text=None, config_map=None)
    return replace(gone, talks=())


@pytest.mark.parametrize("ip", ["172.20.0.10", "169.254.20.10"])
@pytest.mark.parametrize("objects", [True, False], ids=["service", "no-objects"])
def test_who_answers_is_not_missing(ip: str, objects: bool) -> None:
    """Whatever failed, no cause says that nobody is at the address where somebody answers."""
    check = "tests/network/test_dns_service.py::test_pods_on_every_node_ask_the_service"
    facts = failing(healthy(), check) if objects else without_objects(healthy())
    found = {each.cause for each in diagnose(telling(facts, ip, answered=True)).diagnoses}
    assert not found & SAYS_MISSING
    silent = {each.cause for each in diagnose(telling(facts, ip, answered=False)).diagnoses}
    assert silent & SAYS_MISSING


def test_what_was_told_is_kept_with_the_facts() -> None:
    """Facts that are read again know who answered."""
    facts = telling(healthy(), "172.20.0.10", answered=True)
    again = Facts.from_json(facts.to_json())
    assert {n: tuple(a) for n, a in again.inventory.told.knows.items()} == dict(
        facts.inventory.told.knows
    )
