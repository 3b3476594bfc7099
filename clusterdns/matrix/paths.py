"""What the losses and delays of a run say about the paths between nodes and servers."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.losses import LATE_MS, Losses, Path, Record
from clusterdns.matrix.question import TRANSPORTS, Question, Server, Transport

ROUNDS, EACH = 12, 10  # of questions on each path, beside all others of the run


def take_sample(everyone: Matrix, questions: Sequence[Question]) -> None:
    """Ask one question many times on each path, over UDP and TCP: the first that is answered.

    A path that is known to be dead, or to lose too much, is not asked any more: each round costs
    a second there.
    """
    with ThreadPoolExecutor(max_workers=len(TRANSPORTS)) as pool:
        list(pool.map(partial(_sample, everyone, questions), TRANSPORTS))


def _sample(everyone: Matrix, questions: Sequence[Question], transport: Transport) -> None:
    left = list(questions)
    for _ in range(ROUNDS):
        servers = [s for s in everyone.servers if not is_decided(everyone, s, transport)]
        if not servers or not left:
            break
        answers = everyone.ask(left[:1] * EACH, transport, servers, insist=False)
        if not any(answer.answered for answer in answers):
            left.pop(0)


def is_decided(everyone: Matrix, server: Server, transport: Transport) -> bool:
    """Whether each way to a server is dead, or loses more than chance explains."""
    paths = [Path(node, str(server), transport) for node in everyone.probes]
    records = everyone.losses.paths
    return all(
        everyone.why_dead(path) or (path in records and records[path].improbable) for path in paths
    )


def loses_much(everyone: Matrix) -> bool:
    """Whether any path is dead, or has lost more by now than chance explains."""
    records = everyone.losses.paths.items()
    return any(record.improbable or everyone.why_dead(path) for path, record in records)


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


def deadline_misses(losses: Losses, transport: str) -> list[str]:
    """The paths with more late answers than chance explains, in words."""
    return [
        f"{path}: {record.late} of {len(record.ms)} answers took longer than {LATE_MS:.0f} ms, in "
        f"{len(record.late_rounds)} rounds, the slowest {max(record.ms):.0f} ms"
        for path, record in losses.paths.items()
        if path.transport == transport and record.slow
    ]
