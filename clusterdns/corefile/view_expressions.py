"""Expressions of the plugin ``view`` (expr-lang): what CoreDNS surely refuses of them.

Types are not looked at: what is no fault here may still be refused.
"""

import re
from collections.abc import Iterator

# What CoreDNS gives to an expression (plugin/pkg/expression).
FUNCTIONS = (
    *("bufsize", "class", "client_ip", "do", "id", "incidr", "metadata", "name", "opcode", "port"),
    *("proto", "server_ip", "server_port", "size", "type"),
)
BINARY = frozenset(("and", "or", "in", "matches", "contains", "startsWith", "endsWith"))
WORDS = frozenset((*FUNCTIONS, *BINARY, "true", "false", "nil", "not", "let"))
TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"
    r"|(?P<number>[0-9][0-9a-fA-FxX_.]*)|(?P<name>[A-Za-z_$#]\w*)"
    r"|(?P<operator>==|!=|<=|>=|&&|\|\||\*\*|\.\.|\?\.|\?\?|\?:|[-+*/%^<>!?:.,|;=])"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}]))"
)
PAIRS = {")": "(", "]": "[", "}": "{"}
SIGNS = ("!", "-", "+")  # they may stand before a value
CLOSES = ("string", "number", "name", "close")


def fault_of_expression(text: str) -> str | None:
    """Why CoreDNS cannot read it, worded to follow the expression; None: nothing is sure."""
    return next(_faults(text), None)


def _faults(text: str) -> Iterator[str]:
    at, opened = 0, ""
    before = ("operator", "")  # kind and text of the word before
    text = text.rstrip()
    if not text:
        yield "is empty"
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            yield f"cannot be read from {text[at:].lstrip()[:20]!r} on"
            return
        kind, word = found.lastgroup, found[found.lastgroup]
        if kind == "name" and word in (*BINARY, "not"):
            kind = "operator"
        elif kind == "name" and before[1] not in (".", "?.") and opened[-1:] != "{":
            following = text[found.end() :].lstrip()[:1]
            if word not in WORDS and following != "(" and not _binds(text):
                yield f"knows no {word!r}"
        if kind in ("string", "number", "name") and before[0] in CLOSES and before[1] != "let":
            yield f"has no operator before {word!r}"
        if kind == "open":
            opened += word
        elif kind == "close":
            if not opened.endswith(PAIRS[word]):
                yield f"has a {word!r} that closes nothing"
                return
            opened = opened[:-1]
            if before[0] == "operator" and before[1] not in (",", "", "?", ":") and before[1]:
                yield f"has nothing between {before[1]!r} and {word!r}"
        before = (kind, word)
        at = found.end()
    if opened:
        yield f"has a {opened[-1]!r} that is not closed"
    elif before[0] == "operator" and before[1]:
        yield f"has nothing behind {before[1]!r}"


def _binds(text: str) -> bool:
    """Whether it gives names to values of its own, or hands a piece of itself to a function."""
    return re.search(r"\blet\b|[{#]", text) is not None
