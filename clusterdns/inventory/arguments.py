"""The command line of a container, as the flag package of Go reads it."""

from collections.abc import Sequence

from clusterdns.cluster import Manifest


def words_of(container: Manifest) -> list[str]:
    """The command and the arguments of a container, as far as its manifest has them."""
    return [*(container.get("command") or []), *(container.get("args") or [])]


def value_of(words: Sequence[str], option: str) -> str | None:
    """What an option is set to, written ``-option value`` or ``--option=value``; None if it is not.

    The last one wins.
    """
    found = None
    for at, word in enumerate(words):
        name, has_value, value = word.lstrip("-").partition("=")
        if word.startswith("-") and name == option:
            found = value if has_value else next(iter(words[at + 1 :]), "")
    return found
