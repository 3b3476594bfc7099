"""events.jsonl: one line per event, on disk as it happens, so that a kill loses nothing."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

# What some readers take for the end of a line; as escapes they are the same to JSON.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def now() -> str:
    """The time as the report writes it: UTC, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventLog:
    """Appends events to a file; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises OSError."""
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")

    def write(self, event: str, **values: object) -> None:
        """Write one event and flush it. Raises OSError."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = json.dumps({"time": time, "event": event, **values}, ensure_ascii=False, default=str)
        line = _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file in order; the last line may be cut off by a kill. Raises OSError."""
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # what a kill cut off
        if isinstance(event, dict):
            yield event
