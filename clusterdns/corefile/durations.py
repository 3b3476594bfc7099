"""Durations as Go writes them, such as ``1m30s`` (Go ``time.ParseDuration``)."""

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # micro sign
    "μs": 1e-6,  # Greek mu
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")


def seconds_of(text: str) -> float:
    """Seconds; raises ValueError, worded for a user, for what Go would refuse."""
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    total, at = 0.0, 0
    while match := _PART.match(rest, at):
        total += float(match[1]) * _UNITS[match[2]]
        at = match.end()
    if at != len(rest) or not rest:
        raise ValueError(f"{text!r} is not a duration such as 30s or 1m30s")
    return sign * total
