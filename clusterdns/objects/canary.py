"""A Service that is made last of all: who knows it knows all that was made before it.

Servers watch Services and EndpointSlices in the order of their changes. Each question for the
canary is a new one, so that no cache can keep the denial of the one before; and the names that
checks will ask are not asked too early, so that no cache keeps theirs.
"""

import itertools
from collections.abc import Iterable, Iterator

from clusterdns.asking.answer import Answer
from clusterdns.asking.question import Question
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.objects.variety import Drawn
from clusterdns.run.identity import RunId

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


def is_known(answers: Iterable[Answer]) -> bool:
    """Whether everyone who answers knows it. Who is silent, asked twice, is not waited for."""
    return all(answer.records for answer in answers if answer.answered)
