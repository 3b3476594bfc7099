"""What a CoreDNS says of a Corefile, and the file that holds it for all of them.

``recorded/TOPIC.toml`` has a table for each Corefile: by span of versions, "starts" or what it
said before it ended. Neighbouring versions that say the same share a row, so that a row is where
something changed.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from host.bootstrap.oracle import VERSIONS
from selftests.corefile.corefiles import HERE

FOLDER = HERE / "recorded"
STARTS = "starts"
PLACE = re.compile(r"(/etc/coredns/[\w./-]+|Corefile):(\d+) - ")
NAMED = re.compile(r"plugin/(\w+): |(?:Unknown|unknown) directive '([^']*)'")
HEADER = """\
# What the real CoreDNS says of each Corefile of the collection: written by `./run oracle --write`
# from programs that were built from the Go module, and reviewed. "starts", or its last line.
"""

Verdicts = Mapping[str, str]  # by version


@dataclass(frozen=True)
class Said:
    """A verdict, taken apart. ``line`` 0: none is named; ``file``: of that line."""

    text: str

    @property
    def starts(self) -> bool:
        """Whether it started."""
        return self.text == STARTS

    @property
    def line(self) -> int:
        """The line that it names; 0: none."""
        found = PLACE.search(self.text)
        return int(found[2]) if found else 0

    @property
    def file(self) -> str:
        """The imported file that it names a line of; empty: the Corefile itself."""
        found = PLACE.search(self.text)
        return found[1] if found and found[1] != "Corefile" else ""

    @property
    def plugin(self) -> str:
        """The plugin that it names; empty: none."""
        found = NAMED.search(self.text)
        return (found[1] or found[2] or "") if found else ""


def last_line(output: str) -> str:
    """What CoreDNS said last before it ended, without time stamps and what differs by run."""
    # An expression that cannot be read is shown below the sentence about it.
    lines = [line for line in output.splitlines() if line.strip(" |.^")]
    lines = [line for line in lines if not line.startswith(" | ")] or lines
    text = lines[-1] if lines else "(nothing)"
    for line in lines:  # a panic ends with a trace
        if line.startswith("panic:"):
            text = line
    text = re.sub(r"^\[\w+\] ", "", text)
    text = re.sub(r"a{300,}", "aaa...", text)
    return (
        re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:PORT", text)
        .replace("/etc/coredns/Corefile", "Corefile")
        .strip()
    )


def spans(verdicts: Verdicts) -> dict[str, str]:
    """Verdicts by version as rows: ``1.9.4 to 1.12.1``, or one version."""
    rows: list[tuple[str, str, str]] = []
    for before, version in pairwise(("", *VERSIONS)):
        if version not in verdicts:
            continue
        if rows and rows[-1][1:] == (before, verdicts[version]):
            rows[-1] = (rows[-1][0], version, verdicts[version])
        else:
            rows.append((version, version, verdicts[version]))
    return {first if first == last else f"{first} to {last}": said for first, last, said in rows}


def by_version(rows: Verdicts) -> dict[str, str]:
    """Rows taken apart: the verdict of each version."""
    found = {}
    for span, said in rows.items():
        first, _, last = span.partition(" to ")
        begin, end = VERSIONS.index(first), VERSIONS.index(last or first)
        found.update(dict.fromkeys(VERSIONS[begin : end + 1], said))
    return found


def recorded() -> dict[str, dict[str, str]]:
    """Every record: by name of the Corefile, by version."""
    return {
        f"{path.stem}/{name}": by_version(rows)
        for path in sorted(FOLDER.glob("*.toml"))
        for name, rows in tomllib.loads(path.read_text()).items()
    }


def write(records: Mapping[str, Verdicts]) -> None:
    """Write all records, a file for each topic; files of topics that are gone are removed."""
    topics: dict[str, list[str]] = {}
    for name, verdicts in sorted(records.items()):
        topic, _, title = name.partition("/")
        rows = [f"{_quoted(span)} = {_quoted(said)}" for span, said in spans(verdicts).items()]
        topics.setdefault(topic, []).append("\n".join([f"[{_quoted(title)}]", *rows]))
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.toml"):
        if old.stem not in topics:
            old.unlink()
    for topic, tables in topics.items():
        (FOLDER / f"{topic}.toml").write_text(HEADER + "\n" + "\n\n".join(tables) + "\n")


def differences(old: Mapping[str, Verdicts], new: Mapping[str, Verdicts]) -> list[str]:
    """Each record that is untrue, in one line: the Corefile, the versions, both verdicts."""
    lines = []
    for name in sorted(set(old) | set(new)):
        if name not in new:
            lines.append(f"{name}: is recorded, and no longer in the collection")
            continue
        untrue = {
            version: f"recorded {old.get(name, {}).get(version, 'nothing')!r}, found {found!r}"
            for version, found in new[name].items()
            if old.get(name, {}).get(version) != found
        }
        lines += [f"{name}: CoreDNS {span}: {what}" for span, what in spans(untrue).items()]
    return lines


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda one: f"\\u{ord(one[0]):04x}", escaped) + '"'


def judged_versions() -> Sequence[str]:
    """The versions of which there are records, oldest first."""
    return VERSIONS
