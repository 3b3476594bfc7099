"""Whether a path lives, by control questions alone, and how long a packet may take on it."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from clusterdns.matrix.losses import LATE_MS

DEAD_AFTER = 2  # times in a row that no control question of any kind was answered
LOOK_AGAIN_S = 4.0  # seconds until a dead path is looked at again; then twice as long,
LOOK_AGAIN_MOST_S = 64.0  # up to this
PATIENCE_S = 5.0  # that lost packets of a path may cost before its packets get less time
SHORTEST_S = 0.1  # that a packet gets
USUAL_TIMES = 20.0  # as long as an answer usually takes
USUAL_OF = 64  # the last answers, of which the median is what is usual
LOSSY_SHARE = 0.1  # of as many packets, from which on each gets less time
MOST_SHARE = 0.4  # of as many packets, once they have cost so many seconds, from which on
MOST_WAITED_S = 30.0  # nobody insists any more


@dataclass
class PathHealth:
    """Whether a path lives, and what packets that were lost on it have cost.

    A path is dead when no control question was answered, of any kind, some times in a row: they
    are answered by every server from memory, so that a name that is slow, or that one plugin
    keeps silent about, says nothing about the path. A dead path is looked at now and then.
    """

    kinds: int = 0  # of control questions
    dead_after: int = DEAD_AFTER
    in_vain: int = 0  # looks in a row without any answer
    looked: float = float("-inf")  # time.monotonic of the last look
    waited: float = 0.0  # seconds, for packets that were lost or came late
    answered_ms: deque[float] = field(default_factory=lambda: deque(maxlen=USUAL_OF))
    in_time: deque[bool] = field(default_factory=lambda: deque(maxlen=USUAL_OF))  # by packet

    @property
    def dead(self) -> bool:
        """Whether no control question has been answered, often enough."""
        return self.in_vain >= self.dead_after

    def surely_alive(self, within: float = LOOK_AGAIN_S) -> bool:
        """Whether a control question has been answered a moment ago, in seconds."""
        return self.in_vain == 0 and time.monotonic() - self.looked < within

    @property
    def resting(self) -> bool:
        """Whether it is too early to look at a dead path again."""
        pause = min(LOOK_AGAIN_S * 2.0 ** (self.in_vain - self.dead_after), LOOK_AGAIN_MOST_S)
        return self.dead and time.monotonic() - self.looked < pause

    @property
    def reason(self) -> str:
        """Why nothing is asked on a dead path."""
        times = {1: "once", 2: "twice"}.get(self.in_vain, f"{self.in_vain} times")
        if self.kinds == 1:
            return f"the control question was not answered here, asked {times}"
        return f"none of {self.kinds} control questions was answered here, asked {times}"

    def look(self, answered: Sequence[bool]) -> None:
        """Note which of the control questions were answered."""
        self.kinds = len(answered)
        self.looked = time.monotonic()
        self.in_vain = 0 if any(answered) else self.in_vain + 1

    def took(self, ms: Sequence[float], in_vain: float = 0.0, lost: int = 1) -> None:
        """Note what answers took, and the seconds that lost packets were waited for."""
        self.answered_ms.extend(ms)
        self.in_time.extend(took <= LATE_MS for took in ms)
        self.in_time.extend([False] * (lost if in_vain else 0))
        late = max((took for took in ms if took > LATE_MS), default=0.0) / 1000
        self.waited += max(in_vain, late)

    @property
    def hurried(self) -> bool:
        """Whether lost packets have cost so much that each gets less time."""
        late = self.in_time.count(False)
        often = late >= LOSSY_SHARE * len(self.in_time)
        return self.waited >= PATIENCE_S and often and bool(self.answered_ms)

    @property
    def loses_most(self) -> bool:
        """Whether so much is lost, and has cost so long, that no question is insisted upon.

        The path lives, and its loss has checks of its own; to insist on each question would take
        seconds for every check.
        """
        often = self.in_time.count(False) >= MOST_SHARE * USUAL_OF
        return self.waited >= MOST_WAITED_S and often

    def patience(self, usual: float, pressed: bool = False) -> float:
        """Seconds for the first packet of a question.

        Less where packets are lost all the time and most answers are quick, or where it is known
        beforehand that they must be (``pressed``): a Service with a dead replica behind it would
        cost a second of every check.
        """
        if not (self.hurried or (pressed and self.answered_ms)):
            return usual
        often = median(self.answered_ms) / 1000
        return min(usual, max(SHORTEST_S, USUAL_TIMES * often))
