"""What the losses and delays of a run say about the paths between nodes and servers."""

from clusterdns.everyone import Everyone
from clusterdns.losses import BASE_RATE, IMPROBABLE, Losses, Record, binomial_tail
from clusterdns.question import Question

SAMPLE = 60  # questions on each path, beside all others of the run
LATE_MS = 900.0  # an answer that took this long was sent, or asked, twice


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
    """The paths that answer and yet lose more than chance explains, in words."""
    return [
        f"{path}: {record.lost} of {record.sent} questions lost "
        f"({100 * record.lost / record.sent:.1f} %, by chance p = {record.chance:.1g})"
        for path, record in losses.paths.items()
        if path.transport == transport and record.improbable and record.lost < record.sent
    ]


def deadline_misses(losses: Losses, transport: str) -> list[str]:
    """The paths with more late answers than chance explains, in words."""
    return [
        f"{path}: {late_in(record)} of {len(record.ms)} answers took longer than {LATE_MS:.0f} ms, "
        f"the slowest {max(record.ms):.0f} ms"
        for path, record in losses.paths.items()
        if path.transport == transport
        and late_in(record) > 0
        and binomial_tail(len(record.ms), late_in(record), BASE_RATE) < IMPROBABLE
    ]


def late_in(record: Record) -> int:
    """How many answers of a path were late."""
    return sum(ms > LATE_MS for ms in record.ms)
