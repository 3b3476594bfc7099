"""What the losses and delays of a run say about the paths between nodes and servers."""

from collections import defaultdict
from collections.abc import Mapping

from clusterdns.asking.everyone import Everyone
from clusterdns.asking.losses import BASE_RATE, IMPROBABLE, Losses, Record, binomial_tail
from clusterdns.asking.question import TRANSPORTS, Question
from clusterdns.probe import Probe

ROUNDS, EACH = 12, 10  # of questions on each path, beside all others of the run
LATE_MS = 900.0  # an answer that took this long was sent, or asked, twice
READ_S = 5.0  # seconds to read a file in a probe's pod


def take_sample(everyone: Everyone, question: Question) -> None:
    """Ask one question many times on each path, over UDP and TCP."""
    for transport in TRANSPORTS:
        for _ in range(ROUNDS):
            everyone.ask([question] * EACH, transport)


def silent_paths(losses: Losses, transport: str) -> list[str]:
    """The paths that never answered, in words."""
    return [
        f"{path}: none of {record.sent} questions was answered"
        for path, record in losses.paths.items()
        if path.transport == transport and record.lost == record.sent
    ]


def improbable_losses(losses: Losses, transport: str) -> list[str]:
    """Where more is lost than chance explains though answers come, in words.

    First single paths; when none of them is conspicuous by itself, all paths of a node or to a
    server together, for a small loss shows only in many questions.
    """
    alive = {
        path: record
        for path, record in losses.paths.items()
        if path.transport == transport and record.lost < record.sent
    }
    single = [_loss(str(path), record) for path, record in alive.items() if record.improbable]
    if single:
        return single
    together: dict[str, Record] = defaultdict(Record)
    for path, record in alive.items():
        for place in (
            f"{path.node} > all over {transport}",
            f"all > {path.server} over {transport}",
        ):
            together[place].sent += record.sent
            together[place].lost += record.lost
            together[place].rounds |= record.rounds
    return [_loss(place, record) for place, record in together.items() if record.improbable]


def _loss(place: str, record: Record) -> str:
    """One line of evidence."""
    share = 100 * record.lost / record.sent
    return (
        f"{place}: {record.lost} of {record.sent} questions lost, in {len(record.rounds)} rounds "
        f"({share:.1f} %, by chance p = {record.chance:.1g})"
    )


def deadline_misses(losses: Losses, transport: str, resent: Mapping[str, int | None]) -> list[str]:
    """The paths with late answers for which the network is to blame, in words.

    ``resent`` are the TCP segments that each node's probe has sent again (see segments_resent).
    Over TCP a lost packet is sent again after a second: late answers count where the kernel did
    so as often, for a busy machine delays answers as well, and loses nothing. Over UDP nothing is
    sent again: a lost packet is no answer at all. Where most answers are late, they count anyhow.
    """
    found = []
    for path, record in losses.paths.items():
        total, late = len(record.ms), late_in(record)
        if path.transport != transport or not late:
            continue
        text = f"{path}: {late} of {total} answers took longer than {LATE_MS:.0f} ms"
        again = resent.get(path.node)
        lossy = transport == "tcp" and binomial_tail(total, late, BASE_RATE) < IMPROBABLE
        if late > total / 2 or (lossy and (again is None or again >= late)):
            known = (
                "" if again is None else f"; {again} TCP segments were sent again on {path.node}"
            )
            found.append(f"{text}, the slowest {max(record.ms):.0f} ms{known}")
    return found


def late_in(record: Record) -> int:
    """How many answers of a path were late."""
    return sum(ms > LATE_MS for ms in record.ms)


def segments_resent(probes: Mapping[str, Probe]) -> dict[str, int | None]:
    """How many TCP segments each probe's pod has sent again since its start; None: not known.

    From RetransSegs in /proc/net/snmp (RFC 4022 tcpRetransSegs), which the kernel keeps for each
    network namespace. Raises ProbeLost.
    """
    outputs = {
        node: probe.run([["cat", "/proc/net/snmp"]], READ_S)[0] for node, probe in probes.items()
    }
    return {node: resent_in(output.stdout) for node, output in outputs.items()}


def resent_in(snmp: str) -> int | None:
    """RetransSegs in a /proc/net/snmp: a line of names, and one of values."""
    lines = [line.split() for line in snmp.splitlines() if line.startswith("Tcp:")]
    if len(lines) != 2:
        return None
    value = dict(zip(*lines, strict=False)).get("RetransSegs", "")
    return int(value) if value.isdigit() else None
