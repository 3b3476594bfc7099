"""Corefiles with random faults, of the kind that an editor's slip leaves."""

import random

WORDS = [
    *("{", "}", '"', "#", "import", "x", "0", "-1", "5s", ".", "a.b", "127.0.0.1", ":53", "{$NO}"),
    *("(s)", "a,", "10.0.0.0/9", "30", "1s", "/etc/resolv.conf"),
]
CHARACTERS = '{}"#\n ,.:\\\t()'


def mangled(text: str, chance: random.Random) -> str:
    """The text with one to three faults."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        text = chance.choice((_lines, _words, _characters))(text, chance)
    return text


def _lines(text: str, chance: random.Random) -> str:
    """A line goes, comes twice, changes its place, or is joined to the next one."""
    lines = text.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at : at + 2] = [" ".join(lines[at : at + 2])]
    return "\n".join(lines)


def _words(text: str, chance: random.Random) -> str:
    """A word goes, comes, or becomes another one."""
    words = text.split(" ")
    at = chance.randrange(len(words))
    match chance.randrange(3):
        case 0:
            del words[at]
        case 1:
            words.insert(at, chance.choice(WORDS))
        case _:
            words[at] = chance.choice(WORDS)
    return " ".join(words)


def _characters(text: str, chance: random.Random) -> str:
    """A character goes or comes."""
    at = chance.randrange(len(text) + 1)
    if chance.random() < 0.5:
        return text[:at] + text[at + 1 :]
    return text[:at] + chance.choice(CHARACTERS) + text[at:]
