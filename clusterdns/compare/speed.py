"""Slower and faster, by a rule over repeated measurements: never by one sample.

Times are cut, in the order in which they were taken, into blocks of ten; of each block the lower
quartile counts, so that what a busy machine holds up for a moment does not. These are longer than
those when each of these, but for a tenth, is longer than each of those, but for a tenth, and their
medians are at least 10 ms and half of the shorter one apart.

A path (from a node to a server over a transport) is slower when its blocks of now, over the whole
run, are longer than those of before, and again in each of three rounds that are asked afterwards.
It is faster when those of before are longer.

What a check asks it asks at once, while the machine may be busy with something else. So a check is
slower when it is so in the run and in each of three rounds afterwards, and when its questions then
take longer than a control question on the same paths, too. It is faster when each of two earlier
reports or more says so: nobody can ask again what was before.
"""

import math
from collections.abc import Sequence
from typing import Literal

BLOCK = 10  # times
MOST_BLOCKS = 100  # that are kept of a path: evenly chosen
FEWEST = 3  # blocks: with fewer nothing is said
LEAST_MS = 10.0
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
