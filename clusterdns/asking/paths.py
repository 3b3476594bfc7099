"""What the losses and delays of a run say about the paths between nodes and servers."""

import statistics
from collections import defaultdict

from clusterdns.asking.everyone import Everyone
from clusterdns.asking.losses import BASE_RATE, IMPROBABLE, Losses, Record, Timed, binomial_tail
from clusterdns.asking.question import Question

SAMPLE = 120  # questions on each path, beside all others of the run
LATE_MS = 900.0  # an answer that took this long was sent, or asked, twice
QUICK_MS = 300.0  # the others that were under way meanwhile


def take_sample(everyone: Everyone, question: Question) -> None:
    """Ask one question many times on each path, over UDP and TCP."""
    everyone.ask([question] * SAMPLE, "udp")
    everyone.ask([question] * SAMPLE, "tcp")


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
    return [_loss(place, record) for place, record in together.items() if record.improbable]


def _loss(place: str, record: Record) -> str:
    """One line of evidence."""
    share = 100 * record.lost / record.sent
    return (
        f"{place}: {record.lost} of {record.sent} questions lost "
        f"({share:.1f} %, by chance p = {record.chance:.1g})"
    )


def deadline_misses(losses: Losses, transport: str) -> list[str]:
    """The paths with more late answers than chance explains, in words.

    An answer that hangs while others of its path come at once was lost on the way and sent again.
    When all that are under way hang together, a server or the machine was busy for a moment, which
    is no loss; unless most answers of the path are late.
    """
    found = []
    for path, record in losses.paths.items():
        if path.transport != transport or not record.answers:
            continue
        total, slowest = len(record.answers), max(one.ms for one in record.answers)
        late, hung = late_in(record), len(stragglers(record))
        if late > total / 2:
            text = f"{late} of {total} answers took longer than {LATE_MS:.0f} ms"
        elif hung and binomial_tail(total, hung, BASE_RATE) < IMPROBABLE:
            text = (
                f"{hung} of {total} answers took longer than {LATE_MS:.0f} ms while others came "
                f"at once"
            )
        else:
            continue
        found.append(f"{path}: {text}, the slowest {slowest:.0f} ms")
    return found


def late_in(record: Record) -> int:
    """How many answers of a path were late."""
    return sum(one.ms > LATE_MS for one in record.answers)


def stragglers(record: Record) -> list[Timed]:
    """The late answers of a path during which most others were quick, or that were alone."""
    found = []
    for one in record.answers:
        if one.ms > LATE_MS:
            beside = [each.ms for each in record.answers if each is not one and each.overlaps(one)]
            if not beside or statistics.median(beside) < QUICK_MS:
                found.append(one)
    return found
