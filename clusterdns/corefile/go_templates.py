"""Templates of the plugin ``template`` (Go's text/template): what Go surely refuses of them."""

import re
from collections.abc import Iterator

ACTION = re.compile(r"\{\{(?:- )?(.*?)(?: -)?\}\}", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`', re.DOTALL)
FUNCTIONS = frozenset(
    """
    and call html index slice js len not or print printf println urlquery eq ge gt le lt
    ne parseInt true false nil
    """.split()  # noqa: SIM905
)
OPENING = ("if", "range", "with", "block", "define")
KEYWORDS = frozenset((*OPENING, "else", "end", "template", "break", "continue"))
# A word that is no field (".Name"), no variable ("$x") and no part of either.
FREE = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")


def fault_of_template(text: str) -> str | None:
    """Why Go cannot read a template, worded to follow it; None: nothing is sure."""
    return next(_faults(text), None)


def _faults(text: str) -> Iterator[str]:
    depth = 0
    rest = ACTION.sub("", text)
    if "{{" in rest:
        yield "has a '{{' without its '}}'"
    for action in ACTION.findall(text):
        inside = action.strip()
        if inside.startswith("/*"):
            continue
        bare = STRING.sub(" ", inside)
        if '"' in bare or "`" in bare:
            yield "has a string that is not closed"
            return
        if not inside:
            yield "has nothing between '{{' and '}}'"
            return
        if bare.count("(") != bare.count(")"):
            yield "has brackets that do not match"
        words = FREE.findall(bare)
        first = words[0] if words and bare.lstrip().startswith(words[0]) else ""
        depth += first in OPENING
        if first == "end":
            depth -= 1
        if depth < 0 or (first == "else" and depth == 0):
            yield f"has an '{first}' that ends nothing"
            return
        for word in words:
            if word not in FUNCTIONS and word not in KEYWORDS:
                yield f"calls {word!r}, which is no function"
    if depth > 0:
        yield "has a block without its '{{ end }}'"
