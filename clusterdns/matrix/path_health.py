"""What a path has cost that does not answer, or not always: what depends on it fails fast."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from clusterdns.matrix.losses import LATE_MS

DEAD_AFTER = 2  # rounds of questions in a row without any answer, each asked twice
LOOK_AGAIN_S = 4.0  # seconds until a dead path is given one question again; then twice as long,
LOOK_AGAIN_MOST_S = 64.0  # up to this
LOOK_OFTEN_S = 1.0  # the same for a path that is lossy or slow; each time anew twice as long
RECENT = 16  # questions that are looked back at
LOSSY_AT = 4  # of these without an answer: by 5 % of lost packets once in ten million
WELL_AFTER = 4  # answers in a row
SLOW_S = 20.0  # that the recent rounds of a path may have cost
PATIENCE = 3.0  # the second try may take so much longer: a busy machine is slow for a moment
PATIENCE_S = 10.0  # that a path may cost before its packets get less time
SHORTEST_S = 0.05  # that a packet gets
USUAL_TIMES = 20.0  # as long as an answer usually takes
USUAL_OF = 64  # the last answers, of which the median is what is usual


@dataclass
class PathHealth:
    """How often a path has not answered.

    It is dead after some rounds of questions without any answer. It is lossy when many questions
    have no answer though others have: that of a Service with a dead replica behind it, for which
    every check would wait, and never find it dead. It is slow when all that it says comes late.
    """

    dead_after: int = DEAD_AFTER
    in_a_row: int = 0  # rounds; what is asked at once is lost at once
    looked: float = 0.0  # time.monotonic of the last question that went out
    lossy: bool = False
    slow: bool = False
    costs: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))  # seconds of rounds
    cost: float = 0.0  # of the round that goes on, in seconds
    relapses: int = 0  # how often it has begun to falter or to drag
    looks_in_vain: int = 0  # in a row that found it as bad as before
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))  # answered?
    waited: float = 0.0  # seconds, in vain or for answers that came late
    answered_ms: deque[float] = field(default_factory=lambda: deque(maxlen=USUAL_OF))

    @property
    def silent(self) -> bool:
        """Whether nothing has been answered for some rounds."""
        return self.in_a_row >= self.dead_after

    @property
    def dead(self) -> bool:
        """Whether the next question would most likely wait in vain."""
        return self.silent or self.lossy or self.slow

    @property
    def resting(self) -> bool:
        """Whether it is too early to look at a dead path again."""
        pause = LOOK_OFTEN_S * 2.0 ** (self.relapses - 1 + self.looks_in_vain)
        if self.silent:
            pause = LOOK_AGAIN_S * 2.0 ** (self.in_a_row - self.dead_after)
        pause = min(pause, LOOK_AGAIN_MOST_S)
        return self.dead and time.monotonic() - self.looked < pause

    @property
    def reason(self) -> str:
        """Why a question was not asked."""
        if self.slow and not self.silent:
            return f"{len(self.costs)} rounds took {sum(self.costs):.0f} s here"
        if not self.silent:
            return f"{self.recent.count(False)} of the last {len(self.recent)} had no answer here"
        if self.in_a_row == 1:
            return "the round before had no answer here"
        return f"{self.in_a_row} rounds in a row had no answer here"

    def note(self, answered: Sequence[bool]) -> None:
        """Note which questions of one round were answered, each asked as often as it may be."""
        alive, well = any(answered), not (self.lossy or self.slow)
        self.looks_in_vain = 0 if well or (alive and not self.cost) else self.looks_in_vain + 1
        self.looked = time.monotonic()
        self.costs.append(self.cost)
        if self.slow and alive and not self.cost:
            self.slow = False
            self.costs.clear()
        self.slow = self.slow or sum(self.costs) >= SLOW_S
        self.cost = 0.0
        if alive and self.in_a_row >= LOSSY_AT:
            self.recent.clear()  # it was dead and is back: that is no faltering
        self.in_a_row = 0 if alive else self.in_a_row + 1
        self.recent.extend(answered if alive else [False])
        last = list(self.recent)[-WELL_AFTER:]
        if self.lossy and len(last) == WELL_AFTER and all(last):
            self.lossy = False
            self.recent.clear()
        elif self.recent.count(False) >= LOSSY_AT and self.recent.count(True) > 0:
            self.lossy = True
        self.relapses += well and (self.lossy or self.slow)

    def took(self, ms: Sequence[float], in_vain: float) -> None:
        """Note one exchange: what each answer took, and the seconds that the rest waited for."""
        self.answered_ms.extend(ms)
        late = max((took for took in ms if took > LATE_MS), default=0.0) / 1000
        self.waited += max(in_vain, late)
        self.cost += max(in_vain, late)

    def patience(self, usual: float, again: bool = False) -> float:
        """Seconds for one packet, the first or one that is sent ``again``.

        A second try on a path that has answered before gets more; a path that never has is most
        likely dead, and all its packets get the same. Less where packets are lost all the time,
        and most answers are quick: a network that loses 5 % would cost seconds of every check,
        and so would one replica of three that cannot answer before its own upstream gave up.
        """
        if not self.answered_ms:
            return usual
        if self.waited < PATIENCE_S:
            return PATIENCE * usual if again else usual
        often = median(self.answered_ms) / 1000
        return min(usual, max(SHORTEST_S, USUAL_TIMES * often))
