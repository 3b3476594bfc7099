"""Asks the live cluster again what differs from earlier runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.compare.content import Content
from clusterdns.compare.heard import Asked, fresh_forms, read_body
from clusterdns.compare.memory import Spot
from clusterdns.compare.recording import Recording
from clusterdns.compare.roles import Roles
from clusterdns.compare.runs import Asker, PathKey
from clusterdns.compare.speed import BLOCK, FEWEST
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.question import Question, Server, Transport


@dataclass(frozen=True)
class Live:
    """The matrix of a run that goes on, and who was asked at each spot."""

    matrix: Matrix
    roles: Roles
    asked: Mapping[Spot, Asked]

    @property
    def asker(self) -> Asker:
        """What a comparison asks by."""
        return Asker(self.again, self.times, self.times_of_path)

    def again(self, spots: Sequence[Spot], fresh: bool) -> dict[Spot, list[Content]]:
        """What is said now at these spots; ``fresh``: in all forms that caches keep apart."""
        found: dict[Spot, list[Content]] = defaultdict(list)
        for spot, answer in self._ask(spots, fresh):
            if answer.asked:
                body = answer.wire[2:] if answer.answered else b""
                error = "" if answer.answered else answer.error or "no answer"
                found[spot].append(read_body(body, error, self.roles))
        return found

    def times(self, spots: Sequence[Spot]) -> tuple[list[float], list[float]]:
        """How long answers at these spots take, and to a control question on the same paths.

        Both in milliseconds, for enough blocks.
        """
        found: list[float] = []
        controls: list[float] = []
        paths = sorted({spot[1:] for spot in spots})
        while spots and len(found) < BLOCK * FEWEST:
            took = [a.ms for _, a in self._ask(spots, False) if a.answered]
            if not took:
                break
            found += took
            controls += [ms for path in paths for ms in self._control(path)]
        return found, controls

    def times_of_path(self, path: PathKey) -> list[float]:
        """How long the first control question takes on a path, for enough blocks."""
        return [ms for _ in range(FEWEST) for ms in self._control(path)]

    def _control(self, path: PathKey) -> list[float]:
        """What the first control question takes on a path, a block of times."""
        asked = next((who for spot, who in self.asked.items() if spot[1:] == path), None)
        if asked is None or not self.matrix.controls:
            return []
        questions = [self.matrix.controls[0]] * BLOCK
        answers = self.matrix.ask(questions, asked.transport, [asked.server], insist=False)
        return [a.ms for a in answers if a.answered and a.node == asked.node]

    def _ask(self, spots: Iterable[Spot], fresh: bool) -> list[tuple[Spot, Answer]]:
        """The answers of all spots, those of the same server and transport asked at once."""
        batches: dict[tuple[Server, Transport], list[tuple[Spot, Asked]]] = defaultdict(list)
        for spot in spots:
            if asked := self.asked.get(spot):
                batches[asked.server, asked.transport].append((spot, asked))
        found = []
        for (server, transport), batch in batches.items():
            wanted: dict[tuple[Question, str], list[Spot]] = defaultdict(list)
            for spot, asked in batch:
                forms = fresh_forms(asked.question) if fresh or asked.fresh else [asked.question]
                for question in forms:
                    wanted[question, asked.node].append(spot)
            questions = list(dict.fromkeys(question for question, _ in wanted))
            for answer in self.matrix.ask(questions, transport, [server]):
                found += [(spot, answer) for spot in wanted.get((answer.question, answer.node), ())]
        return found


def spots_of(
    recording: Recording, asked: Mapping[tuple[int, int, int, str], Asked]
) -> dict[Spot, Asked]:
    """Who was asked at each spot of a recording, by its names."""
    return {
        (
            recording.questions[question],
            recording.nodes[node],
            recording.servers[server].words,
            transport,
        ): who
        for (question, node, server, transport), who in asked.items()
    }
