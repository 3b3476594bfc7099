"""Regular expressions as CoreDNS reads them: Go's syntax (RE2), which is not Python's.

Only what Go surely refuses is a fault here: a pattern without one may still be refused.
"""

import re
from collections.abc import Iterator

LONGEST_PATTERN = 10_000  # octets, where there is a limit
LARGEST_COUNT = 1000  # of a repetition in braces
ESCAPES = frozenset("dDsSwWbBAzaftnrvxQEpPC")  # letters that mean something behind a backslash
# What may follow "(?": a name, flags with ":" or alone.
GROUP = re.compile(r"P?<[A-Za-z_0-9]+>|[imsU]*(?:-[imsU]+)?[:)]")
COUNT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
CLASS_NAME = re.compile(r"\[:\^?[a-z]+:\]")


def fault_of_pattern(pattern: str) -> str | None:
    """Why Go cannot read it, worded to follow the pattern; None: nothing is sure."""
    return next(_faults(pattern), None)


def groups_of(pattern: str) -> int:
    """How many groups catch something."""
    opened = (word for word in _words(pattern) if word.startswith("("))
    return sum(word == "(" or "<" in word for word in opened)


def _words(pattern: str) -> Iterator[str]:
    """Its parts: an escape, a class, a group's beginning, a repetition, or one character."""
    at = 0
    while at < len(pattern):
        end = _end_of_word(pattern, at)
        yield pattern[at:end]
        at = end


def _end_of_word(pattern: str, at: int) -> int:
    char = pattern[at]
    if char == "\\" and pattern.startswith("\\Q", at):
        end = pattern.find("\\E", at)
        return len(pattern) if end < 0 else end + 2
    if char == "\\":
        return at + 2
    if char == "[":
        return _end_of_class(pattern, at)
    if char == "(" and pattern.startswith("?", at + 1):
        group = GROUP.match(pattern, at + 2)
        return group.end() if group else at + 3
    count = COUNT.match(pattern, at)
    return count.end() if count else at + 1


def _end_of_class(pattern: str, at: int) -> int:
    """The place behind a class in brackets; beyond the end where it is not closed."""
    at += 1
    at += pattern.startswith("^", at)
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        if named := CLASS_NAME.match(pattern, at):
            at = named.end()
        else:
            at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _faults(pattern: str) -> Iterator[str]:
    depth, before = 0, ""  # before: nothing to repeat; "atom", or "repeated" once or twice
    at = 0
    for word in _words(pattern):
        at += len(word)
        if word[0] == "\\":
            yield from _faults_of_escape(word)
        elif word[0] == "[" and _end_of_class(pattern, at - len(word)) > len(pattern):
            yield "has a '[' without its ']'"
        elif word.startswith("(?") and not GROUP.fullmatch(word, 2):
            yield f"has a group that Go does not know: {pattern[at - len(word) :][:4]!r}"
        depth += word[0] == "(" and not word.endswith(")")
        depth -= word == ")"
        if depth < 0:
            yield "has a ')' without its '('"
        if word == "?" and before == "repeated":
            before = "lazy"
        elif word in ("*", "+", "?") or COUNT.fullmatch(word):
            if before == "":
                yield f"has nothing to repeat before {word!r}"
            elif before != "atom":
                yield f"repeats a repetition by {word!r}"
            if _too_often(word):
                yield f"repeats more than {LARGEST_COUNT} times, or from more to less: {word}"
            before = "repeated"
        else:
            before = "" if word == "|" or (word[0] == "(" and not word.endswith(")")) else "atom"
    if depth > 0:
        yield "has a '(' without its ')'"


def _too_often(word: str) -> bool:
    count = COUNT.fullmatch(word)
    if count is None:
        return False
    low, high = int(count[1]), int(count[3] or count[1])
    return max(low, high) > LARGEST_COUNT or high < low


def _faults_of_escape(word: str) -> Iterator[str]:
    following = word[1:2]
    if not following:
        yield "ends with a backslash"
    elif following in "123456789":
        yield f"refers to a group by {word!r}, which Go cannot"
    elif following.isascii() and following.isalpha() and following not in ESCAPES:
        yield f"has an escape that Go does not know: {word!r}"
