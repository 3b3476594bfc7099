"""The number by which CoreDNS knows its configuration.

The ``reload`` plugin logs it at each start and shows it in ``coredns_reload_version_info`` after
a reload: a sum over the words of the Corefile, imports in their places, not over its bytes
(plugin/reload/reload.go, the same from 1.6.0 to 1.15.0; MD5 until 1.8, SHA-512 since 1.9).
"""

import hashlib
import json
from typing import Any

from clusterdns.corefile.lexer import Token
from clusterdns.corefile.model import Corefile, ServerBlock, has_variable

# What encoding/json of Go writes in another way.
_ESCAPED: dict[str, int | str | None] = {
    "<": r"\u003c",
    ">": r"\u003e",
    "&": r"\u0026",
    "\u2028": r"\u2028",
    "\u2029": r"\u2029",
}


def fingerprints(corefile: Corefile) -> frozenset[str]:
    """The sums by which a CoreDNS may know this Corefile, in hexadecimal digits.

    Empty where only the pod could tell: imports that stay unresolved, environment variables.
    """
    words = [token.text for block in corefile.blocks for token in _tokens(block)]
    keys = [key.text for block in corefile.blocks for key in block.keys]
    imports = corefile.imports or any(block.has("import") for block in corefile.blocks)
    if imports or any(has_variable(word) for word in (*words, *keys)):
        return frozenset()
    text = as_go_writes([_block(block) for block in corefile.blocks]).encode()
    return frozenset({hashlib.sha512(text).hexdigest(), hashlib.md5(text).hexdigest()})


def as_go_writes(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as encoding/json of Go writes it; keys in their order."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.translate(str.maketrans(_ESCAPED))


def _tokens(block: ServerBlock) -> list[Token]:
    return [token for plugin in block.plugins for token in plugin.tokens]


def _block(block: ServerBlock) -> dict[str, Any]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for plugin in block.plugins:
        for token in plugin.tokens:
            word = {"File": token.file, "Line": token.line, "Text": token.text}
            grouped.setdefault(plugin.name, []).append(word)
    return {"Keys": [key.text for key in block.keys], "Tokens": grouped}
