"""Whether anything is wrong at all: an onlooker of its own, who knows nothing of the suite.

It asks from a plain pod on every node: the server of resolv.conf, the DNS Service and each
replica, over UDP and TCP; and looks whether the rules of operation hold.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from secrets import token_hex

from clusterdns.cluster import is_ready
from clusterdns.wait import eventually, until
from trials.faults.drawn.dig import LATE, Asked, replies_in, script_for
from trials.faults.drawn.questions import (
    CANARY,
    NAMESPACE,
    Question,
    Right,
    answers_by_api,
    canary,
    objects,
)
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import in_pod, onlooker

FEW, MOST_LATE = 3, 40  # questions at a time, and in all, of those that are asked again
BURST, LOST = 200, 2  # questions over UDP at a time; so many of them may be lost
KNOWN_S = 3.0  # within which a new Service must have its name everywhere
SOUND_S = 60.0  # within which nothing must be wrong in a sound cluster
KEPT_S = 40.0  # longer than anybody may keep a Service that is gone

# Each question from a socket of its own, so that every endpoint gets some; prints how many came.
BURST_SCRIPT = r"""
use IO::Socket::INET; use IO::Select; my ($to, $n, $port) = (@ARGV, 53);
my $all = IO::Select->new; my $got = 0;
my $name = join("", map { chr(length) . $_ } qw(kubernetes default svc cluster local)) . "\0";
for my $i (1 .. $n) {
    my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => $to, PeerPort => $port) or next;
    $s->send(pack("n6", $i, 0x100, 1, 0, 0, 0) . $name . pack("n2", 1, 1)); $all->add($s);
    select(undef, undef, undef, 0.002);
}
while ($all->count and my @ready = $all->can_read(2)) {
    for my $s (@ready) {
        my $said; $got++ if defined $s->recv($said, 4096) and length $said; $all->remove($s);
    }
}
print "got $got\n";
"""
PAGES_SCRIPT = r"""
use IO::Socket::INET;
for my $page (@ARGV) {
    my ($host, $path) = $page =~ m{^([^/]+)(/.*)$}; my $said = "nothing";
    eval {
        local $SIG{ALRM} = sub { die }; alarm 3;
        my $s = IO::Socket::INET->new(PeerAddr => $host, Timeout => 2) or die;
        print $s "GET $path HTTP/1.0\r\n\r\n"; my $line = <$s> // "";
        $said = $1 if $line =~ m{^HTTP/\S+ (\d+)}; 1 while <$s>;
    };
    alarm 0; print "$page $said\n";
}
"""
PAGES = ((9153, "/metrics"), (8181, "/ready"), (8080, "/health"))


@dataclass(frozen=True)
class Look:
    """What one look found wrong, a line each: answers by question, and rules of operation.

    ``authoritative`` has which questions were answered with the bit AA, to be compared.
    """

    answers: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    resolv_conf: Mapping[str, str] = field(default_factory=dict)
    authoritative: frozenset[str] = frozenset()

    @property
    def wrong(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.answers, *self.operations)


@dataclass
class Onlooker:
    """Looks at one cluster, again and again. ``before`` is the sound cluster's look."""

    scene: Scene
    replicas: int = 0
    before: Look = field(default_factory=Look)
    gone: list[tuple[str, float]] = field(default_factory=list)

    def settle(self) -> Look:
        """Make the objects, and look at the sound cluster, which later looks compare with."""
        for each in objects():
            metadata = each["metadata"]
            if self.scene.api.find(each["kind"], metadata["name"], NAMESPACE) is None:
                self.scene.api.create(each)
        deployment = self.scene.api.get("Deployment", "coredns", KUBE_SYSTEM)
        self.replicas = int(deployment["spec"]["replicas"])
        sound = eventually(lambda: self.look(fresh=False), lambda one: not one.wrong, SOUND_S)
        self.before = sound
        return sound

    def look(self, fresh: bool = True) -> Look:
        """Ask everything once. ``fresh``: from new pods, which have a new resolv.conf."""
        nodes = self.scene.breakable.nodes
        with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
            name = self._new_service()
            known = time.monotonic() + KNOWN_S
            try:
                list(pool.map(lambda node: onlooker(self.scene, node, fresh), nodes))
                # Asked too soon, its absence might be kept in a cache that is legal.
                until(known)
                right = answers_by_api(self.scene, self._long_gone())
                servers = self._servers()
                found = list(pool.map(lambda n: self.ask_from(n, right, servers), nodes))
            finally:
                self.scene.api.delete("Service", name, NAMESPACE)
                self.gone.append((name, time.monotonic()))
        answers = [line for wrong, _, _ in found for line in wrong]
        confs = {node: conf for node, (_, conf, _) in zip(nodes, found, strict=True)}
        bits = frozenset(bit for _, _, some in found for bit in some)
        operations = [*self._operations(servers), *self._odd(confs)]
        missing = self.before.authoritative - bits
        if missing and not answers:
            answers.append(f"no longer authoritative: {sorted(missing)[0]}")
        return Look(tuple(answers), tuple(operations), confs, bits)

    def _long_gone(self) -> list[str]:
        """The last Service that no cache may keep any more."""
        return [name for name, when in self.gone if time.monotonic() - when > KEPT_S][-1:]

    def _new_service(self) -> str:
        """Make a Service that nobody has asked for yet."""
        made = self.scene.api.create(canary(token_hex(4)))
        return str(made["metadata"]["name"])

    def _servers(self) -> dict[str, str]:
        """The address of each server, by what it is called in words."""
        servers = {"the server of resolv.conf": ""}
        service = self.scene.api.find("Service", "kube-dns", KUBE_SYSTEM)
        if service:
            servers["the Service"] = str(service["spec"]["clusterIP"])
        ready = [pod for pod in self.scene.replicas() if is_ready(pod)]
        addresses = sorted(str(pod["status"]["podIP"]) for pod in ready)
        return servers | {f"replica {n}": a for n, a in enumerate(addresses, start=1)}

    def ask_from(
        self, node: str, right: Mapping[Question, Right], servers: Mapping[str, str]
    ) -> tuple[list[str], str, set[str]]:
        """What is wrong seen from a node, its resolv.conf, and which answers have AA."""
        names = list(servers)
        asked = [
            (name, Asked(question, servers[name], tcp))
            for name in names
            for tcp in (False, True)
            for question in right
            if _is_asked(name, question, tcp)
        ]
        script = script_for([one for _, one in asked])
        text = in_pod(self.scene, node, "sh", "-c", script)
        replies = replies_in(text, [one for _, one in asked])
        wrong: list[str] = []
        bits: set[str] = set()
        complaints = [
            reply.wrong(right[one.question], one.question, one.tcp)
            for (_, one), reply in zip(asked, replies, strict=True)
        ]
        # What is late among many is asked again, a few at a time: the machine does other things.
        late = [n for n, complaint in enumerate(complaints) if complaint == LATE][:MOST_LATE]
        if late:
            again = [asked[n][1] for n in late]
            text = in_pod(self.scene, node, "sh", "-c", script_for(again, FEW))
            for n, reply in zip(late, replies_in(text, again), strict=True):
                one = asked[n][1]
                complaints[n] = reply.wrong(right[one.question], one.question, one.tcp)
        for (name, one), reply, complaint in zip(asked, replies, complaints, strict=True):
            wrong += self._judged(node, name, one, complaint)
            if reply.authoritative and not one.question.name.startswith(CANARY):
                bits.add(f"{one.question.name} {one.question.qtype}")
        if service := servers.get("the Service"):
            said = in_pod(self.scene, node, "perl", "-e", BURST_SCRIPT, service, str(BURST))
            got = int(said.split()[-1]) if said.startswith("got ") else 0
            if BURST - got > LOST:
                wrong.append(f"{node}: {BURST - got} of {BURST} questions over UDP got no answer")
        return wrong, in_pod(self.scene, node, "cat", "/etc/resolv.conf"), bits

    def _judged(self, node: str, name: str, one: Asked, complaint: str) -> list[str]:
        how = "TCP" if one.tcp else "UDP"
        what = f"{one.question.name} {one.question.qtype} over {how} of {name}"
        return [f"{node}: {what}: {complaint}"] if complaint else []

    def _operations(self, servers: Mapping[str, str]) -> list[str]:
        """Replicas, nodes, restarts, and the pages of each replica."""
        pods = self.scene.replicas()
        ready = sum(is_ready(pod) for pod in pods)
        found = []
        if ready != self.replicas or len(pods) != self.replicas:
            found.append(f"{ready} of {self.replicas} replicas are ready, {len(pods)} are there")
        for pod in pods:
            for status in pod["status"].get("containerStatuses") or []:
                if status["restartCount"]:
                    found.append(f"{pod['metadata']['name']} has restarted")
        found += [
            f"{node['metadata']['name']} is not ready"
            for node in self.scene.api.list("Node")
            if not is_ready(node)
        ]
        addresses = [servers[name] for name in servers if name.startswith("replica")]
        pages = [f"{a}:{port}{path}" for a in addresses for port, path in PAGES]
        for node in self.scene.breakable.nodes[:2]:
            said = in_pod(self.scene, node, "perl", "-e", PAGES_SCRIPT, *pages) if pages else ""
            found += [f"{node}: {line}" for line in said.splitlines() if not line.endswith(" 200")]
        return found

    def _odd(self, confs: Mapping[str, str]) -> list[str]:
        """Pods whose resolv.conf is not as it was."""
        return [
            f"{node}: resolv.conf of a new pod is {' | '.join(conf.split())[:120]}"
            for node, conf in confs.items()
            if self.before.resolv_conf.get(node, conf) != conf
        ]


def _is_asked(server: str, question: Question, tcp: bool) -> bool:
    """All of the Service, over both transports; of each replica over UDP; the rest only some."""
    if server == "the Service":
        return True
    if server.startswith("replica"):
        return not tcp or question.name.startswith(("crowd.", "web."))
    return not tcp and question.name.startswith(("web.", "kubernetes.", "dns-version."))


def steadily(looks: Sequence[Look]) -> bool | None:
    """Whether something is wrong by the last two looks; None while they do not agree."""
    if len(looks) < 2:
        return None
    last, before = bool(looks[-1].wrong), bool(looks[-2].wrong)
    return last if last == before else None
