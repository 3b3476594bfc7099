"""A Corefile as a list of words.

The rules are those of the lexer that CoreDNS uses (coredns/caddy v1.1.1 to v1.1.4,
``caddyfile/lexer.go``), the surprising ones included.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

# What Go's unicode.IsSpace takes for white space; str.isspace() knows four characters more.
_SPACE = frozenset("\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000") | frozenset(
    chr(code) for code in range(0x2000, 0x200B)
)


class Line(int):
    """The number of a line, which knows its file; the Corefile's own has an empty name."""

    file: str

    def __new__(cls, number: int, file: str = "") -> "Line":
        """A line of a file."""
        made = super().__new__(cls, number)
        made.file = file
        return made


@dataclass(frozen=True)
class Token:
    """A word of a Corefile, and where it begins."""

    text: str
    line: int
    file: str = field(default="", compare=False)  # empty: the Corefile itself

    @property
    def place(self) -> Line:
        """Its line, with the file."""
        return Line(self.line, self.file)

    @property
    def last_line(self) -> int:
        """The line on which the word ends; only a quoted one can span several."""
        return self.line + self.text.count("\n")


def tokens_of(text: str, file: str = "") -> list[Token]:
    r"""Split a Corefile into words.

    A word ends at white space. A double quote at its beginning lets it hold any character; inside,
    only ``\"`` is an escape. ``#`` starts a comment, even within a word. Nothing is an error here:
    a quote that is never closed ends with the file.
    """
    return list(_words(text.removeprefix("\ufeff"), file))


def _words(text: str, file: str) -> Iterator[Token]:
    line, at = 1, 0
    while at < len(text):
        char = text[at]
        if char == "\n":
            line += 1
        if char in _SPACE:
            at += 1
        elif char == "#":
            at = _end_of_line(text, at)
        elif char == '"':
            word, after, closed = _quoted(text, at + 1)
            if word or closed:
                yield Token(word, line, file)
            line += text.count("\n", at, after)
            at = after
        else:
            word, at = _bare(text, at)
            yield Token(word, line, file)


def _end_of_line(text: str, at: int) -> int:
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline


def _quoted(text: str, at: int) -> tuple[str, int, bool]:
    """The word after an opening quote, the place behind it, and whether the quote was closed."""
    word = ""
    while at < len(text):
        if text[at] == '"':
            return word, at + 1, True
        if text[at] == "\\":
            following = text[at + 1 : at + 2]
            word += following if following == '"' else "\\" + following if following else ""
            at += 2
        else:
            word += text[at]
            at += 1
    return word, at, False


def _bare(text: str, at: int) -> tuple[str, int]:
    """A word without quotes, and the place behind it.

    A ``#`` inside a word hides the rest of it, but only up to the next white space: the lexer of
    CoreDNS forgets there that it is in a comment, and so do we. A carriage return is dropped.
    """
    word, hidden = "", False
    while at < len(text) and (text[at] == "\r" or text[at] not in _SPACE):
        hidden = hidden or text[at] == "#"
        if not hidden and text[at] != "\r":
            word += text[at]
        at += 1
    return word, at
