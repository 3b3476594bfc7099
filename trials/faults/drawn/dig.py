"""Many questions by dig in one exec, and what dig printed, read back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trials.faults.drawn.questions import Question, Records, Right

AT_ONCE = 32
LATE_MS, LATE = 1000, "late"
OPTIONS = "+nosearch +noall +comments +answer +stats +time=2 +tries=2 +bufsize=4096"
SCRIPT = """\
d=$(mktemp -d)
cat <<'END' | xargs -P {at_once} -L 1 sh -c 'n=$1; shift; dig "$@" > '$d'/$n 2>&1' ask || true
{lines}
END
for f in $d/*; do echo "== ${{f##*/}}"; cat $f; done
rm -r $d
"""
STATUS = re.compile(r"status: (\w+)")
FLAGS = re.compile(r";; flags: ([\w ]*);")
RECORD = re.compile(r"^(\S+)\s+(\d+)\s+(?:IN|CH)\s+(\w+)\s+(.*)$")
TIME = re.compile(r"Query time: (\d+) msec")


@dataclass(frozen=True)
class Asked:
    """A question to a server; ``server`` is an address, or "" for that of resolv.conf."""

    question: Question
    server: str
    tcp: bool

    @property
    def words(self) -> str:
        """As dig takes it."""
        at = [f"@{self.server}"] if self.server else []
        tcp = ["+tcp"] if self.tcp else []
        return " ".join([*OPTIONS.split(), *at, *tcp, self.question.name, self.question.qtype])


@dataclass(frozen=True)
class Reply:
    """What came back; an rcode of "" stands for nothing."""

    rcode: str
    records: Records = frozenset()
    authoritative: bool = False
    cut: bool = False
    ttl: int = 0  # the longest
    ms: int = 0

    def wrong(self, right: Right, question: Question, tcp: bool) -> str:
        """What is wrong with it, in words; empty when nothing is."""
        if not self.rcode:
            return "no answer"
        if self.rcode != right.rcode:
            return f"{self.rcode} instead of {right.rcode}"
        if self.cut and tcp:
            return "cut over TCP"
        if right.records is not None and self.records != right.records and not self.cut:
            return f"{_few(self.records)} instead of {_few(right.records)}"
        if self.ms > LATE_MS:
            return LATE
        if not question.outside and self.ttl > 300:
            return f"to be kept for {self.ttl} s"
        return ""


def script_for(asked: Sequence[Asked], at_once: int = AT_ONCE) -> str:
    """A shell script that asks all, some at a time, and prints each reply under its number."""
    lines = "\n".join(f"{number:03d} {one.words}" for number, one in enumerate(asked))
    return SCRIPT.format(at_once=at_once, lines=lines)


def replies_in(text: str, asked: Sequence[Asked]) -> list[Reply]:
    """The replies in the order of the questions; what is missing in the text is no answer."""
    found: dict[int, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if re.fullmatch(r"== \d{3}", line):
            lines = found.setdefault(int(line[3:]), [])
        else:
            lines.append(line)
    return [reply_of(found.get(number, [])) for number in range(len(asked))]


def reply_of(lines: Sequence[str]) -> Reply:
    """One reply as dig prints it; dig's last try counts, and a TCP retry after a cut one."""
    text = "\n".join(lines)
    statuses = STATUS.findall(text)
    if not statuses:
        return Reply("")
    flags = (FLAGS.findall(text) or [""])[-1].split()
    records, ttls = set(), [0]
    for line in lines:
        if match := RECORD.match(line):
            _, ttl, qtype, data = match.groups()
            ttls.append(int(ttl))
            data = data.lower().rstrip(".")
            if qtype == "SRV":  # priority and weight are the server's choice
                data = " ".join(data.split()[2:])
            records.add((qtype, data))
    times = [int(ms) for ms in TIME.findall(text)] or [0]
    return Reply(
        statuses[-1], frozenset(records), "aa" in flags, "tc" in flags, max(ttls), times[-1]
    )


def _few(records: Records) -> str:
    some = sorted(f"{qtype} {data}" for qtype, data in records)
    return ", ".join(some[:2]) + (f" and {len(some) - 2} more" if len(some) > 2 else "") or "none"
