"""What comes from elsewhere as text that is safe to show: no terminal escapes, no passwords.

Names, messages, logs and answers of a cluster may hold anything. A terminal would obey escape
sequences in them, a reader be misled by text that turns its direction, and who reads by lines
would see one line as two.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

# C0 but tab and newline, DEL, C1 (U+0085 is among them), the separators of lines and paragraphs
# (U+2028, U+2029), marks, embeddings and isolates that turn the direction, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")  # SGR of ECMA-48, which pytest writes for colours
_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#\"'<>]+@")
_SECRET = re.compile(
    r"(?i)([?&;][\w.-]*(?:token|passw|secret|apikey|api_key|api-key|credential|signature)[\w.-]*=)"
    r"[^\s&;#\"'<>]+"
)
HIDDEN = "***"


def plain(text: str) -> str:
    r"""The text with each control character written as its escape, such as ``\x1b``."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def coloured(text: str) -> str:
    """Text that is safe to print: no passwords, control characters escaped, colours kept."""
    parts = _COLOUR.split(without_passwords(text))
    return "".join(
        part if number % 2 else "\r".join(map(plain, part.split("\r")))
        for number, part in enumerate(parts)
    )


def without_passwords(text: str) -> str:
    """The text with user and password, and secrets in the query, of each URL in it hidden."""
    if "://" not in text:
        return text
    return _SECRET.sub(rf"\g<1>{HIDDEN}", _USER.sub(rf"\g<1>{HIDDEN}@", text))


def shown(text: str) -> str:
    """Text as it may be printed and written to a report."""
    return plain(without_passwords(text))


def all_shown(value: Any) -> Any:  # noqa: ANN401 - a dataclass or anything that JSON knows
    """A value of the same shape with all texts in it as they may be shown, keys included."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {all_shown(key): all_shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [all_shown(each) for each in value]
    if isinstance(value, tuple):
        return tuple(all_shown(each) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [each.name for each in dataclasses.fields(value)]
        return dataclasses.replace(value, **{n: all_shown(getattr(value, n)) for n in fields})
    return value
