"""One remark about a Corefile."""

from dataclasses import dataclass, field
from typing import Literal

from clusterdns.corefile.lexer import Line

# error: this version of CoreDNS does not start with it. advice: it starts, and something about it
# is likely to hurt. info: worth knowing, nothing to change.
Level = Literal["error", "advice", "info"]


@dataclass(frozen=True)
class Finding:
    """What is wrong or noteworthy, where, and what to do about it."""

    level: Level
    plugin: str  # empty: a server block, or the whole file
    line: int  # 0: the whole file
    message: str
    remedy: str = ""
    also: tuple[int, ...] = ()  # the lines that it collides with, which the message names
    # The imported file that it stands in, by its path; empty: the Corefile itself.
    file: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", file_of(self.line))

    def __str__(self) -> str:
        where = place_in_words(self.line) if self.line else "Corefile"
        return f"{where}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


def file_of(line: int) -> str:
    """The imported file that a line is in, by its path; empty for the Corefile itself."""
    return line.file if isinstance(line, Line) else ""


def place_in_words(line: int, beside: int | None = None) -> str:
    """A line with its file; of one in the same file as ``beside`` the number is enough."""
    if beside is not None and file_of(line) == file_of(beside):
        return f"line {int(line)}"
    return f"{file_of(line) or 'Corefile'}, line {int(line)}"
