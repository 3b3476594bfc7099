"""Each judgement holds for what is right and catches what is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from clusterdns.clients.dns_configs import MOST_CHARACTERS, characters
from clusterdns.clients.files import InFile, told_nameservers
from clusterdns.clients.hostnames import beginnings, own_lines
from clusterdns.clients.lookups import QUALIFIED, SILENT, Lookup, Results
from clusterdns.clients.nameserver_health import Hearing
from clusterdns.clients.planned import MOST_SEARCHES, Given, Role, crowded, merged
from clusterdns.clients.pods import NoClientsError
from clusterdns.clients.policies import PodFiles
from clusterdns.clients.resolver import DIG, GETADDRINFO, Found, Step
from clusterdns.clients.search_order import Spelling
from clusterdns.clients.wanted import Lookups, Wanted
from clusterdns.inventory.node_local import local_ips
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.observation import Exactly, Observation
from clusterdns.matrix.tally import Tally
from clusterdns.probe import Output, Probe, ProbeLostError
from clusterdns.resolvconf import ResolvConf
from selftests.clients.places import (
    API_SERVER,
    AWAY,
    DNS_IP,
    HOME,
    NODE,
    POD,
    TARGETS,
    ZONE,
    a_testbed,
    client,
    clients,
    lookups,
)

OPTIONS = frozenset({"ndots:5"})


def files(conf: ResolvConf, node: ResolvConf = NODE, role: Role = Role.CLUSTER_FIRST) -> PodFiles:
    """The files of one pod, and of the pod with dnsPolicy Default beside it."""
    return PodFiles(clients(client(role, conf), client(Role.DEFAULT, node)), {}, Tally())


def read(made: PodFiles, wanted: Mapping[InFile, Exactly]) -> Evidence[Observation]:
    """What a check of these promises sees."""
    found = made.read(*wanted)
    assert found.match(wanted) is not bool(found.deviating)
    return found


def looked_up(made: Lookups, wanted: Wanted) -> Evidence[Observation]:
    """What a check of these lookups sees."""
    found = made.look_up(*wanted)
    assert found.match(wanted) is not bool(found.deviating)
    return found


def test_right_file_passes() -> None:
    """What the kubelet should write deviates in nothing."""
    good = files(POD)

    for promised in (good.nameservers, good.search, good.options):
        assert read(good, promised(Role.CLUSTER_FIRST)).deviating == []


@pytest.mark.parametrize(
    "nameservers",
    [(), ("192.0.2.1",), (DNS_IP, "192.0.2.1"), ("192.0.2.1", DNS_IP), (DNS_IP, DNS_IP)],
    ids=["none", "foreign", "one-more", "one-before", "twice"],
)
def test_wrong_nameservers_are_caught(nameservers: tuple[str, ...]) -> None:
    """Only cluster IPs of the DNS Service may be there, each once, at least one."""
    made = files(replace(POD, nameservers=nameservers))
    found = read(made, made.nameservers(Role.CLUSTER_FIRST))

    assert len(found.deviating) == 1
    assert f"expected  {DNS_IP}" in repr(found)


def test_missing_service_is_caught() -> None:
    """Without a DNS Service no nameserver is right, nor is none."""
    nowhere = a_testbed(cluster_ips=())
    both = clients(client(), client(conf=ResolvConf(), node="two"), where=nowhere)
    made = PodFiles(both, {}, Tally())

    assert len(read(made, made.nameservers(Role.CLUSTER_FIRST)).deviating) == 2


def test_node_local_cache_is_allowed_where_it_listens() -> None:
    """Its address is right on the node where it runs, and wrong on the others."""
    local = replace(POD, nameservers=("169.254.20.10",))
    both = clients(client(conf=local), client(conf=local, node="two"))
    made = PodFiles(both, {"one": ("169.254.20.10", DNS_IP)}, Tally())
    found = read(made, made.nameservers(Role.CLUSTER_FIRST))

    assert [cell.node for cell, _ in found.deviating] == ["two"]


def test_either_cluster_ip_is_allowed() -> None:
    """On a dual-stack Service a kubelet may be told one IP, or both in either order."""
    both = (DNS_IP, "fd00::a")

    assert told_nameservers(ResolvConf((DNS_IP,)), both, ()) == (DNS_IP,)
    assert told_nameservers(ResolvConf(both[::-1]), both, ()) == both[::-1]


@pytest.mark.parametrize(
    "search",
    [
        (),
        POD.search[1:],
        (POD.search[1], POD.search[0], POD.search[2]),
        (f"{AWAY}.svc.{ZONE}", *POD.search[1:]),
        (*POD.search, "corp.test"),
        (*POD.search, ZONE),
    ],
    ids=["none", "own-missing", "order", "another-namespace", "not-the-nodes", "twice"],
)
def test_wrong_search_list_is_caught(search: tuple[str, ...]) -> None:
    """Every suffix has its place, and none is there that neither cluster nor node has."""
    made = files(replace(POD, search=search))
    assert read(made, made.search(Role.CLUSTER_FIRST)).deviating != []


def test_suffixes_of_the_node_belong_behind() -> None:
    """The node's own suffixes must be there, behind the cluster's."""
    node = replace(NODE, search=("corp.test",))

    without = files(POD, node)
    assert read(without, without.search(Role.CLUSTER_FIRST)).deviating != []
    whole = files(replace(POD, search=(*POD.search, "corp.test")), node)
    assert read(whole, whole.search(Role.CLUSTER_FIRST)).deviating == []


@pytest.mark.parametrize("options", [set(), {"ndots:1"}, {"ndots:5", "edns0"}], ids=str)
def test_wrong_options_are_caught(options: set[str]) -> None:
    """ndots:5 alone is right."""
    made = files(replace(POD, options=frozenset(options)))

    assert read(made, made.options(Role.CLUSTER_FIRST)).deviating != []


@pytest.mark.parametrize(
    "nameservers",
    [("127.0.0.53",), ("192.0.2.1", "127.0.0.11"), ("::1",), (DNS_IP,), ("192.0.2.1", DNS_IP), ()],
    ids=str,
)
def test_looping_node_is_caught(nameservers: tuple[str, ...]) -> None:
    """Pods with the node's nameservers may not be sent to themselves or to cluster DNS."""
    looping, sound = files(POD, replace(NODE, nameservers=nameservers)), files(POD)

    assert read(looping, looping.no_loop(Role.DEFAULT)).deviating != []
    assert read(sound, sound.no_loop(Role.DEFAULT)).deviating == []


def test_other_file_is_caught() -> None:
    """A pod of another policy that should have the same file is compared with it whole."""
    same = files(NODE, NODE, Role.FALLBACK)
    other = files(POD, NODE, Role.FALLBACK)

    assert read(same, same.same_as(Role.FALLBACK, Role.DEFAULT)).deviating == []
    assert read(other, other.same_as(Role.FALLBACK, Role.DEFAULT)).deviating != []


def test_config_alone() -> None:
    """With dnsPolicy None anything that was not given is caught."""
    given = Given(("192.0.2.9",), ("x.test",), ("ndots:2", "edns0"))
    right = ResolvConf(("192.0.2.9",), ("x.test",), frozenset({"ndots:2", "edns0"}))
    more = replace(right, nameservers=("192.0.2.9", DNS_IP))

    for conf, deviating in ((right, 0), (more, 1)):
        made = PodFiles(clients(client(Role.NONE, conf), given=given), {}, Tally())
        assert len(read(made, made.as_given()).deviating) == deviating


def test_merged_config() -> None:
    """Given values come behind, each once; an option replaces the one of its name."""
    assert merged(ZONE).after(POD) == ResolvConf(
        (DNS_IP, "192.0.2.53"),
        (*POD.search, "merged.search.test"),
        frozenset({"ndots:2", "edns0", "timeout:3"}),
    )
    unchanged = PodFiles(clients(client(Role.MERGED)), {}, Tally())
    assert read(unchanged, unchanged.with_config(Role.MERGED, merged(ZONE))).deviating != []


def test_crowded_config() -> None:
    """Over the limits the first values are kept."""
    conf = crowded().after(POD)

    assert conf.nameservers == (DNS_IP, "192.0.2.1", "192.0.2.2")
    assert len(conf.search) == MOST_SEARCHES
    assert conf.search[:4] == (*POD.search, "s1.search.test")


def test_config_as_the_api_has_it() -> None:
    """Options with and without a value, and nothing that was not given."""
    assert Given(options=("ndots:2", "edns0")).manifest == {
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]
    }


def test_longest_search_list() -> None:
    """A list at the limit has as many characters as the API counts, within its limit of names."""
    assert len(" ".join(characters(MOST_CHARACTERS))) == MOST_CHARACTERS
    assert max(map(len, characters(MOST_CHARACTERS + 1))) <= 253


@pytest.mark.parametrize(
    "words",
    [
        ["-localip", "169.254.20.10,10.96.0.10", "-conf", "x"],
        ["-conf", "x", "--localip=169.254.20.10,10.96.0.10"],
    ],
    ids=["two-words", "one-word"],
)
def test_addresses_of_a_node_local_cache(words: list[str]) -> None:
    """They are read from its argument in either form."""
    assert local_ips(words) == ("169.254.20.10", "10.96.0.10")
    assert local_ips(["-conf", "x"]) == ()


def test_own_line_of_a_hosts_file() -> None:
    """Only the line of the pod's address counts, comments aside."""
    hosts = "127.0.0.1\tlocalhost\n10.244.0.9\ta.b.svc.z\ta # ours\n10.244.0.99 other\n"

    assert own_lines(hosts, "10.244.0.9") == "10.244.0.9 a.b.svc.z a"
    assert own_lines(hosts, "") == ""


def test_warnings_by_their_beginning() -> None:
    """What the kubelet warned of, without the line that it then wrote."""
    assert beginnings(["Nameserver limits were exceeded, some ...: 1 2 3"]) == {
        "Nameserver limits were exceeded"
    }


RIGHT = Found(frozenset(API_SERVER.cluster_ips), API_SERVER.fqdn)


def found_by_getent(found: Found, conf: ResolvConf = POD) -> Lookups:
    """One lookup of kubernetes.default."""
    return lookups((client(conf=conf), Lookup(GETADDRINFO, "kubernetes.default", False), found))


@pytest.mark.parametrize(
    "found",
    [
        Found(error="not found"),
        Found(error="no answer before the deadline"),
        replace(RIGHT, addresses=frozenset({"10.96.7.4"})),
        replace(RIGHT, addresses=frozenset({"10.96.0.1", "10.96.7.4"})),
        replace(RIGHT, name="kubernetes.default.run.svc.cluster.local."),
    ],
    ids=["nothing", "late", "another", "one-more", "by-another-name"],
)
def test_wrong_lookup_is_caught(found: Found) -> None:
    """Addresses and the name of the hit are compared whole."""
    assert judged(found_by_getent(RIGHT)).deviating == []
    assert judged(found_by_getent(found)).deviating != []


@pytest.mark.parametrize(
    ("found", "rcode", "asked"),
    [
        (
            Found(error="SERVFAIL", steps=(Step("kubernetes.default.", "SERVFAIL"),)),
            "SERVFAIL",
            True,
        ),
        (Found(error="not found"), "", True),
        (Found(error=SILENT), "", False),
        (Found(error="not found", unanswered=True), "", True),
        (
            Found(error="X", steps=(Step("kubernetes.default.", "X"),), unanswered=True),
            "",
            True,
        ),
    ],
    ids=["dig-tells-the-rcode", "getent-does-not", "left-out", "lost", "lost-on-the-way"],
)
def test_lookups_have_values(found: Found, rcode: str, asked: bool) -> None:
    """The diagnosis reads what a lookup came to without reading its words."""
    (cell,) = judged(found_by_getent(found)).tally.cells
    assert (cell.name, cell.kind, cell.of_service) == ("kubernetes.default", "nameserver", True)
    silent = found.unanswered or not asked
    assert (cell.rcode, cell.asked, cell.silent) == (rcode, asked, silent)


def judged(asked: Lookups) -> Evidence[Observation]:
    """What a check sees of it."""
    wanted = asked.api_server(Role.CLUSTER_FIRST, GETADDRINFO, Spelling.NAMESPACE)
    return looked_up(asked, wanted)


def test_namespaces_are_told_apart() -> None:
    """In each namespace the Service of that namespace is right, and the other one wrong."""
    away = client(Role.SECOND, namespace=AWAY, node="two")
    lookup = Lookup(GETADDRINFO, "shop", False)
    home, other = TARGETS.home, TARGETS.away
    assert other is not None
    found = {s.namespace: Found(frozenset(s.cluster_ips), s.fqdn) for s in (home, other)}
    both = (Role.CLUSTER_FIRST, Role.SECOND)

    right = lookups((client(), lookup, found[HOME]), (away, lookup, found[AWAY]))
    assert looked_up(right, right.at_home(both, GETADDRINFO)).deviating == []
    wrong = lookups((client(), lookup, found[HOME]), (away, lookup, found[HOME]))
    found_home = looked_up(wrong, wrong.at_home(both, GETADDRINFO))
    assert [cell.node for cell, _ in found_home.deviating] == ["two"]


def test_short_name_that_leaks_is_caught() -> None:
    """A miss may be anything but the Service of the other namespace."""
    away = client(Role.SECOND, namespace=AWAY)
    lookup = Lookup(GETADDRINFO, "lonely", True)
    leaked = Found(frozenset(TARGETS.lonely.cluster_ips), TARGETS.lonely.fqdn)

    for found, deviating in ((Found(error="not found"), 0), (leaked, 1)):
        asked = lookups((away, lookup, found))
        missed = looked_up(asked, asked.not_lonely([Role.SECOND], GETADDRINFO))
        assert len(missed.deviating) == deviating


STEPS = (
    Step("kubernetes.default.run.svc.cluster.local.", "NXDOMAIN"),
    Step("kubernetes.default.svc.cluster.local.", "NOERROR"),
)


@pytest.mark.parametrize(
    "steps",
    [STEPS[1:], STEPS[::-1], (replace(STEPS[0], rcode="SERVFAIL"), STEPS[1]), STEPS[:1], ()],
    ids=["step-missing", "order", "not-denied", "no-hit", "nothing"],
)
def test_wrong_step_is_caught(steps: tuple[Step, ...]) -> None:
    """Each name of the walk must be asked for in its place and be denied until the hit."""
    lookup = Lookup(DIG, "kubernetes.default", False)
    right = lookups((client(), lookup, replace(RIGHT, steps=STEPS)))
    wrong = lookups((client(), lookup, replace(RIGHT, steps=steps)))

    wanted = right.dig_steps(Role.CLUSTER_FIRST, Spelling.NAMESPACE)
    assert looked_up(right, wanted).deviating == []
    assert looked_up(wrong, wanted).deviating != []


def test_outside_has_no_say() -> None:
    """What servers of the node's own suffixes answer on the way is not judged."""
    conf = replace(POD, search=(*POD.search, "corp.test"))
    name = Spelling.FULL.of(API_SERVER)
    lookup = Lookup(DIG, name, False)
    denied = tuple(Step(f"{name}.{suffix}.", "NXDOMAIN") for suffix in POD.search)
    outside = Found(error="SERVFAIL", steps=(*denied, Step(f"{name}.corp.test.", "SERVFAIL")))
    asked = lookups((client(conf=conf), lookup, outside))

    found = looked_up(asked, asked.api_server(Role.CLUSTER_FIRST, DIG, Spelling.FULL))
    assert found.deviating == []
    inside = lookups((client(), lookup, outside))
    found = looked_up(inside, inside.api_server(Role.CLUSTER_FIRST, DIG, Spelling.FULL))
    assert found.deviating != []


@pytest.mark.parametrize("role", [Role.CLUSTER_FIRST, Role.HOST_NETWORK, Role.SECOND], ids=str)
def test_all_that_checks_want_is_looked_up(role: Role) -> None:
    """The batch of a client has every lookup that a check may ask for."""
    namespace = {Role.HOST_NETWORK: "run-host", Role.SECOND: AWAY}.get(role, HOME)
    wanted = lookups().results.wanted(client(role, namespace=namespace))

    assert len(set(wanted)) == len(wanted)
    for spelling in QUALIFIED:
        assert Lookup(DIG, spelling.of(API_SERVER), False) in wanted


def test_missing_role_is_no_finding() -> None:
    """Where pods of a role could not be made a check learns so, and compares nothing."""
    with pytest.raises(NoClientsError):
        files(POD).options(Role.HOST_NETWORK)


def test_message_is_the_evidence() -> None:
    """A message has the file as found, the node, what was expected, and how to repeat it."""
    made = files(replace(POD, options=OPTIONS | {"edns0"}))
    text = repr(read(made, made.options(Role.CLUSTER_FIRST)))

    for word in ("on one", "ndots:5", "edns0", f"nameserver {DNS_IP}", "kubectl --context kind-x"):
        assert word in text


def test_files_are_no_answers() -> None:
    """What a pod has on disk is noted with its deviations, and not counted as an answer."""
    made, asked = files(replace(POD, options=frozenset())), found_by_getent(RIGHT)
    read(made, made.options(Role.CLUSTER_FIRST))
    judged(asked)

    assert (made.tally.asked, len(made.tally.deviating)) == (0, 1)
    assert (asked.tally.asked, asked.tally.deviating) == (1, [])


class SilentProbe:
    """A probe in a pod whose nameserver does not answer."""

    def __init__(self) -> None:
        self.commands = 0

    def run(self, commands: list[list[str]], timeout: float) -> list[Output]:
        """Dig's words when nobody answers."""
        self.commands += len(commands)
        return [Output(9, ";; no servers could be reached\n", "") for _ in commands]


def test_silent_nameserver_is_not_asked_again() -> None:
    """A dead nameserver is found out with one question, and every lookup deviates."""
    probe = SilentProbe()
    asked = lookups()
    known = clients(client(probe=cast(Probe, probe)))
    asked.results.clients = asked.results.hearing.clients = known

    assert [(str(cell.question), cell.received) for cell, _ in judged(asked).deviating] == [
        ("kubernetes.default in a cluster-first pod", f"nothing ({SILENT})")
    ]
    missed = looked_up(asked, asked.not_api_server([Role.CLUSTER_FIRST], GETADDRINFO))
    assert len(missed.deviating) == 1
    assert probe.commands == 1


def test_all_roles_are_heard_at_once() -> None:
    """Where DNS is dead, the first check asks in every pod; those after it need not wait."""
    probe = SilentProbe()
    roles = (Role.CLUSTER_FIRST, Role.SECOND, Role.NONE)
    pods = [client(role, node=str(role), probe=cast(Probe, probe)) for role in roles]
    hearing = Hearing(clients(*pods))

    assert hearing.of(pods[:1]) == []
    assert probe.commands == 2  # the counting server is waited for by who needs it
    assert hearing.of(pods[1:2]) == []
    assert probe.commands == 2


class CountingProbe:
    """A probe in a pod where every question is answered."""

    def __init__(self) -> None:
        self.commands = 0

    def run(self, commands: list[list[str]], timeout: float) -> list[Output]:
        """Dig's words for an answer without records."""
        self.commands += len(commands)
        return [Output(0, ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n", "")] * len(
            commands
        )


@pytest.mark.parametrize("at_once", [False, True])
def test_roles_look_up_together_where_packets_are_lost(at_once: bool) -> None:
    """One role after the other spares the nodes; what waits for lost packets can wait together."""
    probes = {role: CountingProbe() for role in (Role.CLUSTER_FIRST, Role.MUSL, Role.NONE)}
    pods = [client(role, node=str(role), probe=cast(Probe, p)) for role, p in probes.items()]
    known = clients(*pods)
    results = Results(a_testbed(), known, Hearing(known), TARGETS, at_once)
    results.of(Role.CLUSTER_FIRST)

    looked = {role for role, probe in probes.items() if probe.commands > 1}
    assert looked == {Role.CLUSTER_FIRST} | ({Role.MUSL} if at_once else set())


class LostProbe:
    """A probe whose pod is gone."""

    def run(self, commands: list[list[str]], timeout: float) -> list[Output]:
        """No command comes back."""
        raise ProbeLostError("the pod is gone")


def test_lost_pod_is_not_taken_for_a_silent_nameserver() -> None:
    """That a pod is gone is what its lookups say, and not that DNS is dead."""
    asked = lookups()
    known = clients(client(probe=cast(Probe, LostProbe())))
    asked.results.clients = asked.results.hearing.clients = known

    received = {cell.received for cell, _ in judged(asked).deviating}
    assert received == {"nothing (the pod is gone)"}
