"""Expressions of the plugin ``view`` (expr-lang): what CoreDNS surely refuses of them.

Types are looked at only where they are plain to see: what is no fault here may still be refused.
"""

import re
from collections.abc import Container, Iterator

# What CoreDNS gives to an expression (plugin/pkg/expression).
FUNCTIONS = (
    *("bufsize", "class", "client_ip", "do", "id", "incidr", "metadata", "name", "opcode", "port"),
    *("proto", "server_ip", "server_port", "size", "type"),
)
BINARY = frozenset(("and", "or", "in", "matches", "contains", "startsWith", "endsWith"))
# What the language itself has, in whatever version (expr-lang/expr, builtin).
BUILTINS = frozenset(
    """
    abs all any bitand bitnand bitnot bitor bitshl bitshr bitushr bitxor ceil concat count date
    duration filter find findIndex findLast findLastIndex first flatten float floor fromBase64
    fromJSON fromPairs get groupBy hasPrefix hasSuffix indexOf int join keys last lastIndexOf len
    lower map max mean median min none now one reduce repeat replace reverse round sort sortBy split
    splitAfter string sum take timezone toBase64 toJSON toPairs trim trimPrefix trimSuffix type uniq
    upper values
    """.split()  # noqa: SIM905
)
# How many arguments a function of CoreDNS takes, where it is not none; and those that give no text.
ARGUMENTS = {"incidr": 2, "metadata": 1}
NUMBERS = ("bufsize", "id", "opcode", "size")
TRUTHS = ("do", "incidr")
CALL = re.compile(r"\b(\w+)\(([^()]*)\)")
COMPARED = re.compile(
    r"\b(\w+)\([^()]*\)\s*(?:==|!=)\s*(?:(?P<text>['\"])|(?P<number>[0-9]+\b)|(?P<truth>true|false)\b)"
)
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


def fault_of_expression(text: str, names: Container[str] | None = WORDS | BUILTINS) -> str | None:
    """Why CoreDNS cannot read it, worded to follow the expression; None: nothing is sure.

    ``names``: those that mean something; None: they are not looked at.
    """
    return next(_faults(text, names), None) or next(_faults_of_calls(text), None)


def _faults_of_calls(text: str) -> Iterator[str]:
    """Numbers of arguments, and what is compared with what, where both are plain to see."""
    for name, inside in CALL.findall(text):
        if name in FUNCTIONS and "'" not in inside and '"' not in inside and name not in BUILTINS:
            count = len(inside.split(",")) if inside.strip() else 0
            if count != ARGUMENTS.get(name, 0):
                yield f"gives {name}() {count} arguments, and it takes {ARGUMENTS.get(name, 0)}"
    for found in COMPARED.finditer(text):
        name = found[1]
        if name not in FUNCTIONS:
            continue
        gives = "number" if name in NUMBERS else "truth" if name in TRUTHS else "text"
        if found[gives] is None:
            yield f"compares {name}(), a {gives}, with something else"


def _faults(text: str, names: Container[str] | None) -> Iterator[str]:
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
        strange = names is not None and word not in names and not _binds(text)
        if kind == "name" and strange and before[1] not in (".", "?.") and opened[-1:] != "{":
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
