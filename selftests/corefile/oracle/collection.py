"""The collection: every Corefile that is started with the real CoreDNS, with what it imports.

Beside those that other self-tests read it is the files of ``collection/``, each of one topic::

    === the name of a Corefile
    .:53 { ... }
    --- /etc/coredns/custom/more.override
    a file that it imports
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from selftests.corefile.corefiles import HERE
from selftests.corefile.everyday import CASES, RIGHT

FOLDER = HERE / "collection"
# Mounted in every replica here: a Corefile may import from it, and a pattern may match nothing.
CUSTOM = "/etc/coredns/custom"
# What stands in a Corefile for a regular expression that is too long to be written down.
LONG = "@LONG@"
LONG_PATTERN = "a" * 10_001


@dataclass(frozen=True)
class Sample:
    """A Corefile and the files that it imports, by absolute path."""

    name: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)


def collection() -> dict[str, Sample]:
    """Every Corefile by name, in the order of names."""
    found = {one.name: one for one in _all()}
    return dict(sorted(found.items()))


def _all() -> Iterator[Sample]:
    for path in sorted((HERE / "corefiles").rglob("*.Corefile")):
        name = path.relative_to(HERE / "corefiles").with_suffix("")
        yield Sample(f"corefiles/{name}", path.read_text())
    for title, case in {**CASES, **RIGHT}.items():
        yield Sample(f"everyday/{title}", case.text, case.files)
    for path in sorted(FOLDER.glob("*.txt")):
        yield from samples_of(path.stem, path.read_text())


def samples_of(topic: str, text: str) -> Iterator[Sample]:
    """The Corefiles of a file of the collection; raises ValueError where two have one name."""
    seen = set()
    for part in text.replace(LONG, LONG_PATTERN).split("\n=== ")[1:]:
        title, _, rest = part.partition("\n")
        corefile, *more = f"\n{rest}".split("\n--- ")
        files = dict(one.split("\n", 1) for one in more)
        if title in seen:
            raise ValueError(f"{topic} has two Corefiles of the name {title!r}")
        seen.add(title)
        yield Sample(
            f"{topic}/{title}",
            corefile.removeprefix("\n").rstrip("\n") + "\n",
            {path: content.rstrip("\n") + "\n" for path, content in files.items()},
        )
