"""Slower and faster, by a rule over repeated measurements: never by one sample.

Times are cut, in the order in which they were taken, into blocks of ten; of each block the lower
quartile counts, so that what a busy machine holds up for a moment does not. Something is slower
when every block of now, but for a tenth, took longer than every block of before, but for a tenth,
by at least 5 ms and half of what it took before; and when it is so again in each of three rounds
of questions that are asked afterwards. Faster is the same with before and now exchanged, without
the rounds: nobody can ask again what was before.
"""

import math
from collections.abc import Sequence
from typing import Literal

BLOCK = 10  # times
MOST_BLOCKS = 100  # that are kept of a path: evenly chosen
FEWEST = 3  # blocks: with fewer nothing is said
LEAST_MS = 5.0
LEAST_SHARE = 0.5  # of what it took before
APART = 0.1  # blocks of each side that may lie on the other side

Speed = Literal["slower", "faster"]


def blocks_of(times: Sequence[float]) -> tuple[float, ...]:
    """The lower quartiles of the whole blocks, in milliseconds; at most MOST_BLOCKS of them."""
    whole = [
        round(sorted(times[at : at + BLOCK])[BLOCK // 4], 2)
        for at in range(0, len(times) - BLOCK + 1, BLOCK)
    ]
    step = max(1, math.ceil(len(whole) / MOST_BLOCKS))
    return tuple(whole[::step])


def change_of(before: Sequence[float], now: Sequence[float]) -> Speed | None:
    """Whether blocks of now are slower or faster than those of before; None: not sure."""
    if len(before) < FEWEST or len(now) < FEWEST:
        return None
    if is_above(now, before):
        return "slower"
    return "faster" if is_above(before, now) else None


def is_above(these: Sequence[float], those: Sequence[float]) -> bool:
    """Whether blocks took longer than others, by more than they spread and by the least."""
    low, high = at(these, APART), at(those, 1 - APART)
    least = max(LEAST_MS, LEAST_SHARE * middle(those))
    return low > high and middle(these) - middle(those) >= least


def at(blocks: Sequence[float], share: float) -> float:
    """The block below which this share of them lies."""
    ordered = sorted(blocks)
    return ordered[round(share * (len(ordered) - 1))]


def middle(blocks: Sequence[float]) -> float:
    """The median block."""
    return at(blocks, 0.5)
