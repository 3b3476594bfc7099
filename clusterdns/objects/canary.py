"""A Service that is made last of all: who knows it knows all that was made before it.

Servers watch Services and EndpointSlices in the order of their changes. Each question for the
canary is a new one, so that no cache can keep the denial of the one before; and the names that
checks will ask are not asked too early, so that no cache keeps theirs.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question
from clusterdns.objects.edge_cases import Drawn
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.run.identity import RunId
from clusterdns.wait import eventually, until

MOST_PORTS = 100  # of one EndpointSlice


def plan_canary(run: RunId, name: str, namespace: str, domain: str) -> Service:
    """A headless Service with as many ports as an EndpointSlice can have."""
    ports = tuple(Port(f"p{number}", number) for number in range(1, MOST_PORTS + 1))
    endpoint = Endpoint(Drawn(run).ipv4(120), "sings")
    return Service(name, namespace, domain, ports=ports, endpoints=(endpoint,))


def new_questions(canary: Service) -> Iterator[Question]:
    """One question after another that nobody has asked before; in the end all over again."""
    ports = itertools.cycle(canary.ports)
    return (Question(canary.srv_name(port), "SRV") for port in ports)


def wait_until_known(
    canary: Service,
    ask: Callable[[Question], Iterable[Answer]],
    within: float,
    questions: Iterator[Question] | None = None,
) -> None:
    """Ask for a canary until everybody knows it, at most so many seconds; without one wait so long.

    ``questions`` are those to ask, one after another; else each is one that nobody has asked.
    Who never knows it fails the checks that ask for the names made before it.
    """
    if canary.refused:
        until(time.monotonic() + within)
        return
    each = new_questions(canary) if questions is None else questions
    eventually(lambda: ask(next(each)), is_known, within)


def is_known(answers: Iterable[Answer]) -> bool:
    """Whether everyone who answers knows it. Who is silent, asked twice, is not waited for."""
    return all(answer.records for answer in answers if answer.answered)
