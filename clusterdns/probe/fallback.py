"""A probe in a pod whose image has dig but no perl: slower, and messages only as dig tells them."""

import re
import shlex
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from clusterdns.probe.dig_text import (
    NotExpressibleError,
    Version,
    batch_command,
    batch_line,
    dig_command,
    parse_dig,
    was_asked,
)
from clusterdns.probe.exec_socket import ExecTarget
from clusterdns.probe.packet import (
    Conversation,
    Output,
    Packet,
    ProbeLostError,
    Reply,
    Transcript,
)
from clusterdns.probe.single_command import run_in

SIDE_BY_SIDE = 4  # exec streams of one probe at a time
MOST_IN_A_SCRIPT = 40  # questions of one stream, asked one after the other
START = 10.0  # seconds allowed on top of the questions' own: exec, and a dig for each
ABSENCE = 20.0  # seconds that the API server may be away on top of that, before an exec starts
INEXPRESSIBLE = "not expressible without perl"


class DigProbe:
    """Asks with dig, many in one exec; see packet.Probe for what each method promises."""

    wire_exact = False

    def __init__(self, target: ExecTarget, node: str, version: Version) -> None:
        self.namespace = target.namespace
        self.pod = target.pod
        self.node = node
        self.version = version
        self._target = target
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, f"dig {target}")

    def __repr__(self) -> str:
        return f"<dig probe {self.namespace}/{self.pod} on {self.node}>"

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Ask all; what dig cannot say comes back as an error. Raises ProbeLostError."""
        replies: dict[int, Reply] = {}
        asked: list[tuple[int, list[str]]] = []
        for place, packet in enumerate(packets):
            try:
                asked.append((place, dig_command(packet, self.version)))
            except NotExpressibleError as why:
                replies[place] = Reply(None, f"{INEXPRESSIBLE}: {why}", 0.0, None)
        parts: list[list[tuple[int, list[str]]]] = []
        for transport in ("udp", "tcp"):
            kind = [one for one in asked if packets[one[0]].transport == transport]
            size = min(MOST_IN_A_SCRIPT, -(-len(kind) // SIDE_BY_SIDE)) or 1
            parts += [kind[start : start + size] for start in range(0, len(kind), size)]
        outputs = self._pool.map(
            lambda part: self._ask(part, [packets[place] for place, _ in part]), parts
        )
        for part, printed in zip(parts, list(outputs), strict=True):
            for (place, _), (text, code) in zip(part, printed, strict=True):
                replies[place] = parse_dig(text, code, packets[place])
        return [replies[place] for place in range(len(packets))]

    def _ask(
        self, part: Sequence[tuple[int, list[str]]], packets: Sequence[Packet]
    ) -> list[tuple[str, int]]:
        """Text and exit code of dig for each question, in order."""
        lines = [batch_line(packet, self.version) for packet in packets]
        texts = self._ask_in_one([line for line in lines if line is not None], packets)
        if texts is not None:
            return [(text, 0) for text in texts]
        return self._ask_one_by_one([command for _, command in part], packets)

    def _ask_in_one(self, lines: Sequence[str], packets: Sequence[Packet]) -> list[str] | None:
        """One dig for all, which saves starting one for each; None: it is not clear whose is what.

        dig prints each question before it sends it, which parts the answers, and proves that what
        was asked is what we wanted.
        """
        if len(lines) != len(packets):
            return None
        quoted = " ".join(map(shlex.quote, lines))
        command = shlex.join(batch_command(packets[0].transport, self.version))
        script = f"printf '%s\\n' {quoted} | {command} 2>&1"
        output = run_in(self._target, ["sh", "-c", script], _allowed(packets), ABSENCE)
        texts = output.stdout.split(";; Sending:\n")[1:]
        if output.exit_code is None or len(texts) != len(packets):
            return None
        return texts if all(map(was_asked, texts, packets)) else None

    def _ask_one_by_one(
        self, commands: Sequence[list[str]], packets: Sequence[Packet]
    ) -> list[tuple[str, int]]:
        """One exec with a script of many digs: text and exit code of each."""
        mark = f"dig-{time.monotonic_ns()}"
        script = "".join(f"{shlex.join(words)} 2>&1; echo {mark} $?\n" for words in commands)
        allowed = _allowed(packets)
        output = run_in(self._target, ["sh", "-c", script], allowed, ABSENCE)
        pieces = re.split(rf"^{mark} (\d+)\n", output.stdout, flags=re.MULTILINE)
        found = [(text, int(code)) for text, code in zip(pieces[0::2], pieces[1::2], strict=False)]
        if len(found) == len(commands):
            return found
        # Every dig ends by itself: what is missing was not asked, which is no lost answer.
        if not found:
            raise ProbeLostError(
                f"{self!r}: no dig ended within {allowed:g} s (exit code {output.exit_code}): "
                f"{output.stderr.strip() or 'nothing was printed'}"
            )
        return found + self._ask_one_by_one(commands[len(found) :], packets[len(found) :])

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Not possible here: every ending says so."""
        return [Transcript(b"", INEXPRESSIBLE, 0.0) for _ in conversations]

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Run each argv in an exec of its own, four at a time. Raises ProbeLostError."""
        return list(
            self._pool.map(
                lambda argv: run_in(self._target, argv, timeout + START, ABSENCE), commands
            )
        )

    def close(self) -> None:
        """Wait for nothing; no process stays in the pod."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _allowed(packets: Sequence[Packet]) -> float:
    """Seconds for a script that asks these one after the other."""
    return START + sum(max(1.0, packet.timeout) + 0.2 for packet in packets)


def open_dig(target: ExecTarget, node: str, within: float) -> DigProbe:
    """A probe that asks with the dig of a pod's image. Raises ProbeLostError when there is none."""
    output = run_in(target, ["dig", "-v"], within, ABSENCE)
    said = output.stdout + output.stderr
    if output.exit_code != 0 or "DiG" not in said:
        raise ProbeLostError(f"{target}: its image can run neither relay nor dig: {said.strip()}")
    return DigProbe(target, node, Version.parse(said))
