"""What the user's own rules promise holds for a real CoreDNS with them, and for no other one."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.promises import MOST, all_promises, promises
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.everyone import Everyone, Matrix
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.matrix.tally import Tally
from clusterdns.testbed.own_names import OwnNames, own_names, stub_zones
from clusterdns.wait import eventually
from selftests.diagnosis.healthy_facts import healthy
from selftests.probe.local_relay import LocalProbe
from selftests.realcoredns import BINARY

ZONE = "cluster.local."
HOME = "/etc/coredns"
CLUSTER = """$ORIGIN cluster.local.
@ 5 IN SOA ns.dns hostmaster 1 7200 1800 86400 5
kubernetes.default.svc 5 IN A 10.96.0.1
web.shop.svc 5 IN A 10.96.0.7
"""
LAB = """$ORIGIN zone.test.
@ 300 IN SOA ns hostmaster 7 7200 1800 86400 5
@ 300 IN NS ns
ns 300 IN A 192.0.2.30
*.wild 300 IN A 192.0.2.31
"""
HOSTS = "192.0.2.8 filed.lab.test also.lab.test # a comment\n"
COREFILE = """.:PORT {
    errors
    rewrite name alias.lab.test kubernetes.default.svc.cluster.local
    rewrite name suffix .apps.test .svc.cluster.local answer auto
    hosts /etc/coredns/names.txt {
        192.0.2.7 legacy.lab.test
        2001:db8::7 legacy.lab.test
        fallthrough
    }
    template IN A fixed.test {
        match ^one[.]fixed[.]test[.]$
        answer "{{ .Name }} 60 IN A 192.0.2.21"
        fallthrough
    }
    template IN A fixed.test {
        match ^two\\.fixed\\.test\\.$
        answer "{{ .Name }} 60 IN A 192.0.2.20"
        fallthrough
    }
    file /etc/coredns/cluster.db cluster.local
}
zone.test:PORT {
    file /etc/coredns/zone.db
}
stub.test:PORT {
    forward . 127.0.0.1:STUB
}
safe.test:PORT {
    forward . tls://192.0.2.99
}
"""
UPSTREAM = """stub.test:STUB {
    file /etc/coredns/stub.db
}
.:STUB {
    template ANY ANY {
        rcode REFUSED
    }
}
"""
FILES = {
    f"{HOME}/cluster.db": CLUSTER,
    f"{HOME}/zone.db": LAB,
    f"{HOME}/stub.db": LAB.replace("zone.test", "stub.test"),
    f"{HOME}/names.txt": HOSTS,
}
ASKED = {
    "alias.lab.test. A",
    "kubernetes.default.apps.test. A",
    "filed.lab.test. A",
    "also.lab.test. A",
    "legacy.lab.test. A",
    "legacy.lab.test. AAAA",
    "two.fixed.test. A",
    "cluster.local. SOA",
    "kubernetes.default.svc.cluster.local. A",
    "zone.test. SOA",
    "zone.test. NS",
    "ns.zone.test. A",
}
# What a replica runs instead, and the questions that must deviate for it.
FAULTS = {
    "another address in hosts": ("192.0.2.7", "192.0.2.77", {"legacy.lab.test. A"}),
    "an address less": ("        2001:db8::7 legacy.lab.test\n", "", {"legacy.lab.test. AAAA"}),
    "hosts swallowed": (
        "    template IN A fixed.test {\n        match ^one",
        "    template IN A lab.test {\n        rcode NXDOMAIN\n    }\n"
        "    template IN A fixed.test {\n        match ^one",
        {"legacy.lab.test. A", "filed.lab.test. A", "also.lab.test. A"},
    ),
    "rewrite to another name": (
        "alias.lab.test kubernetes.default",
        "alias.lab.test web.shop",
        {"alias.lab.test. A"},
    ),
    "suffix to nowhere": (
        ".apps.test .svc.cluster.local",
        ".apps.test .nowhere.cluster.local",
        {"kubernetes.default.apps.test. A"},
    ),
    "zone file of another zone": (
        "file /etc/coredns/zone.db",
        "file /etc/coredns/other.db zone.test",
        {"zone.test. SOA", "ns.zone.test. A"},
    ),
    "template of another address": ("192.0.2.20", "192.0.2.22", {"two.fixed.test. A"}),
    "stub zone at another server": ("127.0.0.1:STUB", "127.0.0.1:9", {"stub.test. SOA"}),
}


class Stand:
    """A replica on loopback, and the server of its stub zone."""

    def __init__(self, folder: Path, corefile: str, upstream: str = UPSTREAM) -> None:
        self.folder = folder
        self.ports = {"PORT": free_port(), "STUB": free_port()}
        self.runs = {"replica": corefile, "upstream": upstream}

    def text(self, corefile: str) -> str:
        """A Corefile with the ports of this stand."""
        for word, port in self.ports.items():
            corefile = corefile.replace(word, str(port))
        return corefile

    @contextmanager
    def running(self) -> Iterator["Stand"]:
        """Both processes."""
        files = {
            **FILES,
            f"{HOME}/other.db": LAB.replace("192.0.2.30", "192.0.2.39").replace(
                "hostmaster 7", "hostmaster 8"
            ),
        }
        for path, text in files.items():
            (self.folder / Path(path).name).write_text(text)
        with ExitStack() as stack:
            for name, corefile in self.runs.items():
                written = self.folder / f"{name}.Corefile"
                written.write_text(self.text(corefile).replace(HOME, str(self.folder)))
                with (self.folder / f"{name}.log").open("wb") as log:
                    command = [BINARY, "-conf", str(written)]
                    process = subprocess.Popen(command, stdout=log, stderr=log)
                stack.callback(process.wait)
                stack.callback(process.kill)
            self.probe = stack.enter_context(LocalProbe()).probe
            for port in self.ports.values():
                assert eventually(partial(answers_at, port), bool, within=10.0)
            yield self

    @property
    def matrix(self) -> Matrix:
        """The replica, asked from here."""
        servers = [Server("pod/coredns-a", "127.0.0.1", self.ports["PORT"])]
        return Matrix({"this-host": self.probe}, servers, 1.0, lambda _: "dig", [], insist=3.0)

    def told(self) -> Inventory:
        """What the API shows: the Corefile as its author wrote it."""
        return replace(
            healthy().inventory,
            corefile_text=self.text(COREFILE),
            files=FILES,
            keys={},
        )

    def deviating(self, transport: Transport) -> set[str]:
        """The questions whose promise does not come true."""
        asked = own_names(self.told(), self.matrix, ZONE, transport)
        stubs = stub_zones(self.told(), self.probe, ZONE)
        return self._of(asked, transport) | self._of(stubs, "udp")

    def _of(self, asked: OwnNames, transport: Transport) -> set[str]:
        found: Answers = Everyone(self.matrix, transport, Tally()).put(*asked.questions)
        found.match(asked.wanted)
        return {str(answer.question) for answer, _ in found.deviating}


def free_port() -> int:
    """A port on which nobody listens, over UDP and TCP."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers_at(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def asked_for(text: str, files: dict[str, str] | None = None) -> list[str]:
    """The questions that a Corefile is asked for."""
    shown = replace(healthy().inventory, corefile_text=text)
    assert shown.reading is not None
    found = promises(shown.reading, files or {}, f"{HOME}/Corefile", ZONE)
    return [str(one.question) for one in found]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sound_rules_keep_their_promises(tmp_path: Path, transport: Transport) -> None:
    """Every name is asked, and comes to what is written; the stub zone is as its server says."""
    with Stand(tmp_path, COREFILE).running() as stand:
        asked = own_names(stand.told(), stand.matrix, ZONE, transport)
        assert {str(question) for question in asked.questions} == ASKED
        stubs = stub_zones(stand.told(), stand.probe, ZONE)
        assert [str(question) for question in stubs.questions] == ["stub.test. SOA"]
        assert "TLS" in repr(stubs)
        assert "hosts in Corefile, line 5 (key Corefile of configmap" in repr(asked)
        assert stand.deviating(transport) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_broken_promise_deviates(tmp_path: Path, name: str) -> None:
    """What runs is not what is written: just the names of that rule deviate."""
    old, new, wanted = FAULTS[name]
    assert old in COREFILE
    with Stand(tmp_path, COREFILE.replace(old, new, 1)).running() as stand:
        assert stand.deviating("udp") == wanted


def test_silent_server_of_a_stub_zone_deviates(tmp_path: Path) -> None:
    """Nobody answers there, so CoreDNS cannot either."""
    upstream = UPSTREAM.replace("stub.test:STUB", "other.test:STUB").replace(
        "template ANY ANY {\n        rcode REFUSED\n    }", "erratic {\n        drop 1\n    }"
    )
    with Stand(tmp_path, COREFILE, upstream).running() as stand:
        assert "stub.test. SOA" in stand.deviating("udp")


def test_rule_that_another_one_takes_from_is_asked_for(tmp_path: Path) -> None:
    """Its author meant it: the name deviates, and the rule that takes it is known."""
    rule = "    template IN A lab.test {\n        rcode NXDOMAIN\n    }\n    hosts"
    corefile = COREFILE.replace("    hosts", rule, 1)
    with Stand(tmp_path, corefile).running() as stand:
        told = replace(stand.told(), corefile_text=stand.text(corefile))
        asked = own_names(told, stand.matrix, ZONE, "udp")
        found = Everyone(stand.matrix, "udp", Tally()).put(*asked.questions)
        assert not found.match(asked.wanted)
        names = {str(answer.question) for answer, _ in found.deviating}
        taken = {str(p.question): p.taken_by for p in asked.promises if p.taken_by}
        assert (
            names == taken.keys() == {f"{name}.lab.test. A" for name in ("legacy", "filed", "also")}
        )
        assert {plugin.name for plugin in taken.values() if plugin} == {"template"}


UNSURE: Sequence[tuple[str, str]] = (
    ("no rule", ".:53 {\n    forward . 192.0.2.1\n}\n"),
    ("an expression", ".:53 {\n    rewrite name regex (.*) {1}.svc.cluster.local\n}\n"),
    ("a file that is not known", ".:53 {\n    file /somewhere/zone.db lab.test\n}\n"),
    (
        "behind a view",
        "lab.test:53 {\n    view x {\n        expr true\n    }\n    forward . 192.0.2.1\n}\n",
    ),
    ("the node's own resolvers", "lab.test:53 {\n    forward . /etc/resolv.conf\n}\n"),
    (
        "an address filled in",
        ".:53 {\n    template IN A x.test {\n        match ^x\\.test\\.$\n"
        '        answer "{{ .Name }} 5 IN A {{ .Meta }}"\n    }\n}\n',
    ),
)


@pytest.mark.parametrize(("what", "text"), UNSURE)
def test_nothing_is_promised_that_reading_cannot_tell(what: str, text: str) -> None:
    """Not asked for rather than guessed."""
    assert asked_for(text) == [], what


def test_questions_are_bounded_and_spread() -> None:
    """A long list of hosts takes no place from other rules."""
    entries = "".join(f"        192.0.2.1 h{n}.test\n" for n in range(100))
    text = (
        f".:53 {{\n    hosts {{\n{entries}        fallthrough\n    }}\n"
        "    rewrite name a.lab kubernetes.default.svc.cluster.local\n"
        "    kubernetes cluster.local\n}\nstub.test:53 {\n    forward . 192.0.2.1\n}\n"
    )
    found = asked_for(text)
    assert len(found) == MOST
    assert {"a.lab. A", "stub.test. SOA"} <= set(found)
    reading = replace(healthy().inventory, corefile_text=text).reading
    assert reading is not None
    assert sum(map(len, all_promises(reading, {}, f"{HOME}/Corefile", ZONE))) == 102
    assert Question("h0.test.") in {p.question for p in promises(reading, {}, "", ZONE)}
