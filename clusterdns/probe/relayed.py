"""A probe with a relay in its pod: every byte of a message is the caller's, or the server's."""

from collections.abc import Iterable, Sequence
from importlib.resources import files

from clusterdns.probe.exec_socket import ExecTarget
from clusterdns.probe.jobs import Done, Job, Window
from clusterdns.probe.link import LineStream, Link
from clusterdns.probe.packet import (
    Conversation,
    HalfClose,
    Output,
    Packet,
    ProbeLostError,
    Reply,
    Transcript,
)
from clusterdns.probe.stream import open_lines

HANDSHAKE = 10.0  # seconds for the exec handshake


# The command of an exec is part of its URL, which proxies limit and audit logs keep: so only this
# is named there, and the source comes first on standard input. Nothing is copied into the pod.
STARTER = (
    "my ($s, $n) = ('', shift); "
    "while (length $s < $n) { sysread(STDIN, $s, $n - length $s, length $s) or exit 1 } "
    "eval $s; die $@"
)


def relay_source() -> bytes:
    """The program that runs in the pod."""
    return (files("clusterdns.probe") / "relay.pl").read_bytes()


def relay_command() -> list[str]:
    """What to exec; it wants relay_source() on its standard input before the first line."""
    return ["perl", "-e", STARTER, str(len(relay_source()))]


class RelayProbe:
    """Asks through relay.pl; see packet.Probe for what each method promises."""

    wire_exact = True

    def __init__(self, link: Link, namespace: str, pod: str, node: str) -> None:
        self.namespace = namespace
        self.pod = pod
        self.node = node
        self.link = link

    def __repr__(self) -> str:
        return f"<relay probe {self.namespace}/{self.pod} on {self.node}>"

    @property
    def clock(self) -> str:
        """How milliseconds are taken: "monotonic" in the pod, or "caller", exec included."""
        return "monotonic" if self.link.hello.get("clock") == "monotonic" else "caller"

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Send all, a window at a time; the replies come in the same order.

        Raises ProbeLostError.
        """
        replies: dict[int, Reply] = {}
        for places in _rounds(packets):
            done = self.link.submit([_packet_job(packets[place]) for place in places])
            replies.update(zip(places, map(self._reply, done), strict=True))
        return [replies[place] for place in range(len(packets))]

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Hold all conversations side by side. Raises ProbeLostError."""
        done = self.link.submit([_conversation_job(talk) for talk in conversations])
        return [self._transcript(one) for one in done]

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Run each argv in the pod, at most 16 side by side. Raises ProbeLostError."""
        jobs = [Job("R", " ".join([_ms(timeout), *map(_word, argv)]), timeout) for argv in commands]
        return [_output(done) for done in self.link.submit(jobs)]

    def close(self) -> None:
        """End the relay."""
        self.link.close()

    def _took(self, done: Done) -> float:
        return float(done.fields[2]) if self.clock == "monotonic" else done.seconds * 1000

    def _reply(self, done: Done) -> Reply:
        kind, _, _, source, *rest = done.fields
        known = None if source == "-" else source
        if kind == "A":
            return Reply(_data(rest[0]), None, self._took(done), known)
        return Reply(None, " ".join(rest), self._took(done), known)

    def _transcript(self, done: Done) -> Transcript:
        ending, data = done.fields[3], done.fields[4]
        return Transcript(_data(data), ending, self._took(done))


class NoRelayError(ProbeLostError):
    """The pod can be entered, but its image cannot run the relay; str() says why."""


def open_relay(
    target: ExecTarget, node: str, within: float, window: Window | None = None
) -> RelayProbe:
    """Start the relay in a pod and wait for its greeting. Raises NoRelayError or ProbeLostError."""

    def open_stream() -> LineStream:
        lines = open_lines(target, relay_command(), HANDSHAKE)
        lines.send(relay_source())
        return lines

    link = Link(open_stream, f"{target} on {node}", window)
    try:
        link.wait_ready(within)
    except ProbeLostError as lost:
        link.close()
        if link.never_ran:
            raise NoRelayError(str(lost)) from None
        raise
    return RelayProbe(link, target.namespace, target.pod, node)


def _rounds(packets: Sequence[Packet]) -> Iterable[list[int]]:
    """Places of the packets that may be out together: never two from one source port."""
    rounds: list[list[int]] = []
    uses: dict[tuple[str, int], int] = {}
    for place, packet in enumerate(packets):
        turn = 0
        if packet.source_port is not None:
            key = (packet.transport, packet.source_port)
            turn = uses.get(key, 0)
            uses[key] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    return rounds


def _packet_job(packet: Packet) -> Job:
    verb = "T" if packet.transport == "tcp" else "U"
    race = "" if packet.race is None else f" {packet.race}"
    return Job(verb, f"{_header(packet)} {_hex(packet.wire)}{race}", packet.timeout)


def _conversation_job(talk: Conversation) -> Job:
    steps = ",".join(_step(step) for step in talk.steps if step != b"")
    return Job("C", f"{_header(talk)} {talk.messages} {steps}".rstrip(), talk.timeout)


def _header(what: Packet | Conversation) -> str:
    return f"{what.address} {what.port} {what.source_port or 0} {_ms(what.timeout)}"


def _step(step: bytes | float | HalfClose) -> str:
    if isinstance(step, bytes):
        return step.hex()
    return "!" if isinstance(step, HalfClose) else f"~{step * 1000:g}"


def _output(done: Done) -> Output:
    if done.fields[0] == "E":  # the pod could not even fork
        return Output(126, "", " ".join(done.fields[4:]))
    status, stdout, stderr = done.fields[3:6]
    return Output(
        None if status == "-" else int(status),
        _data(stdout).decode(errors="replace"),
        _data(stderr).decode(errors="replace"),
        float(done.fields[2]),
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _hex(data: bytes) -> str:
    return data.hex() or "-"


def _word(word: str) -> str:
    return _hex(word.encode())


def _data(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)
