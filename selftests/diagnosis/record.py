"""python -m selftests.diagnosis.record FACTS CAUSE[+detail]: make a self-test of recorded facts."""

import re
import sys
from dataclasses import replace
from pathlib import Path

from clusterdns.diagnosis import Facts

FOLDER = Path(__file__).parent / "recorded"
KEPT_EVENTS = ("FailedCreatePodSandBox", "MissingClusterDNS", "DNSConfigForming", "Unhealthy")
LOG_LINES = 30
SHOWN = 120  # characters of an answer
MANY = 100  # checks: of each of more than these a few answers are enough
REGISTRY = re.compile(r"\b[a-z0-9.-]+\.(io|com|org|dev)/(?=[a-z0-9/.-]+[:@])")


def recorded(facts: Facts) -> Facts:
    """The facts without what makes them long: events of every day, and old lines of logs."""
    few = len(facts.troubles) <= MANY
    cut = [
        replace(
            t,
            cells=tuple(
                replace(c, expected=c.expected[:SHOWN], received=c.received[:SHOWN])
                for c in t.cells[: 18 if few else 3]
            ),
        )
        for t in facts.troubles
    ]
    return replace(
        facts,
        troubles=tuple(cut),
        events=tuple(e for e in facts.events or () if e["reason"] in KEPT_EVENTS)[-60:],
        logs={
            pod: "\n".join(dict.fromkeys(text.splitlines()[-LOG_LINES:]))
            for pod, text in facts.logs.items()
        },
    )


def main(words: list[str]) -> int:
    """Write the file; the name before a + is the cause that must come first."""
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 4
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{words[1]}.json"
    text = REGISTRY.sub("registry.example/", recorded(Facts.read(Path(words[0]))).to_json())
    path.write_text(f"{text}\n", encoding="utf-8")
    print(f"wrote {path}, {path.stat().st_size} octets")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
