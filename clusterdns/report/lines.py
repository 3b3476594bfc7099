"""Lines for a terminal: how many rows they take, and how they are made to fit into a few.

A command that somebody may paste is shown whole or not at all, never cut.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "bad", "warn"]

ELLIPSIS = "…"
HEAD_ROWS = 7  # of a failure: its name, the rule, what was asked, expected and received
# What begins a command in our texts: a program that is given something, or the mark of code.
_COMMAND = re.compile(
    r"`|(?:^|\s)(?:kubectl|dig|pytest|docker|crictl|helm|iptables-save|nft|tcpdump|\./run)\s+\S"
)
_BREAK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class Line:
    """One line; ``fill`` is what a heading is drawn out with on both sides, where there is room."""

    text: str
    tone: Tone = "plain"
    bold: bool = False
    fill: str = ""

    def rows(self, columns: int) -> int:
        """How many rows of a terminal it takes."""
        return max(1, -(-width(self.text) // columns))

    def is_drawn_out(self, columns: int) -> bool:
        """Whether it is a heading that fits into one row with something on both sides."""
        return bool(self.fill) and width(self.text) + 4 <= columns


def lines_of(text: str, tone: Tone = "plain", *, bold: bool = False) -> list[Line]:
    """The lines of a text, all alike."""
    return [Line(line, tone, bold) for line in text.splitlines()]


def width(text: str) -> int:
    """The columns that a text takes; characters of East Asia may take two (UAX 11)."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text.expandtabs()
    )


def rows(lines: Iterable[Line], columns: int) -> int:
    """How many rows of a terminal the lines take together."""
    return sum(line.rows(columns) for line in lines)


def holds_command(text: str) -> bool:
    """Whether there is something in the text that a reader may paste."""
    return bool(_COMMAND.search(text))


def clipped(text: str, columns: int, most_rows: int = 1) -> str:
    """One line that takes at most so many rows; what is too long ends with an ellipsis.

    A text with a command in it is never cut.
    """
    line = _BREAK.sub(" ", text.strip("\n")).expandtabs()
    room = columns * most_rows
    if width(line) <= room or holds_command(line):
        return line
    kept = line[: room - 1]
    while width(kept) > room - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}{ELLIPSIS}"


def shortened(lines: Sequence[Line], columns: int, most_rows: int, where: str) -> list[Line]:
    """What fits of some lines: how they begin, how many are left out, and how to repeat it.

    ``where`` says where the rest can be read. How it begins matters more than how to repeat it.
    """
    if rows(lines, columns) <= most_rows:
        return list(lines)
    repeats = [line for line in lines if line.text.lstrip().startswith("repeat ")][:1]
    if rows(repeats, columns) + HEAD_ROWS > most_rows:
        repeats = []
    room = most_rows - rows([*repeats, left_out(len(lines), where)], columns)
    kept: list[Line] = []
    others = [line for line in lines if line not in repeats]
    for line in others:
        short = Line(clipped(line.text, columns, 3), line.tone, line.bold, line.fill)
        room -= short.rows(columns)
        if room < 0:
            break
        kept.append(short)
    if not kept:
        return []
    left = len(others) - len(kept)
    return [*kept, *([left_out(left, where)] if left else []), *repeats]


def left_out(number: int, where: str) -> Line:
    """How many lines are not shown, and where they can be read."""
    return Line(f"  ... {number} more line{'' if number == 1 else 's'}, {where}")


def first_of(texts: Sequence[str], most: int, what: str, where: str) -> list[str]:
    """The first texts, and how many more there are of ``what`` (in the plural)."""
    if len(texts) <= most:
        return list(texts)
    return [*texts[:most], f"  ... and {len(texts) - most} more {what}, {where}"]


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """The room divided fairly: who wants little gets it, the others the same of what is left."""
    given = [0] * len(wanted)
    for done, place in enumerate(sorted(range(len(wanted)), key=lambda number: wanted[number])):
        given[place] = min(wanted[place], max(0, room // (len(wanted) - done)))
        room -= given[place]
    return given
