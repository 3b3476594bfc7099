"""One remark about a Corefile."""

from dataclasses import dataclass
from typing import Literal

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

    def __str__(self) -> str:
        where = f"Corefile, line {self.line}" if self.line else "Corefile"
        return f"{where}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")
