"""How programs in a pod look names up, and what each tool's output says.

getent shows the resolver of the image's C library, ``dig +search`` one of its own that reads the
same resolv.conf, and the program in the musl image the resolver of Alpine's C library.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from clusterdns.clients.search_order import Walk
from clusterdns.probe import Output

# A name without a dot is otherwise asked of the root too, that is of an upstream which is not ours.
NO_TLD_QUERY = ("env", "RES_OPTIONS=no-tld-query")
RESOLVER_TIMEOUT_MS = 5000.0  # of a question, unless resolv.conf says otherwise (resolv.conf(5))
_NOT_ANSWERED = re.compile(r"\bEAI_AGAIN\b|timed out|no servers could be reached")
_STATUS = re.compile(r"->>HEADER<<- opcode: QUERY, status: (\w+)")


@dataclass(frozen=True)
class Step:
    """One question of a search, and the response code that it got."""

    name: str  # absolute, in lower case
    rcode: str

    def __str__(self) -> str:
        return f"{self.name} {self.rcode}"


@dataclass(frozen=True)
class Found:
    """The result of a lookup: all addresses, and the name under which they were found.

    ``name`` is absolute and in lower case; empty when nothing was found or the tool does not say.
    ``error`` is empty when addresses were found. ``steps`` are known for dig only. A resolver goes
    on where a question got no answer, so that what it says in the end may be wrong by that.
    """

    addresses: frozenset[str] = frozenset()
    name: str = ""
    error: str = ""
    steps: tuple[Step, ...] = ()
    unanswered: bool = field(default=False, compare=False)  # a question of it, as far as is seen

    @property
    def walk(self) -> Walk:
        """The names that were asked for, in order."""
        return tuple(step.name for step in self.steps)

    @property
    def rcode(self) -> str:
        """The response code to the last question, where the tool tells it; else ""."""
        return self.steps[-1].rcode if self.steps else ""

    def __str__(self) -> str:
        if self.error:
            return f"nothing ({self.error})"
        return f"{', '.join(sorted(self.addresses))}" + (f" as {self.name}" if self.name else "")


@dataclass(frozen=True)
class Tool:
    """One way to look a name up: the command, how to read what it prints, what it can say."""

    name: str  # the transport in reports and the id of a test
    command: Callable[[str, int], list[str]]  # name and family, 4 or 6
    read: Callable[[Output], Found]
    names_hit: bool = True  # whether it says under which name something was found

    def __str__(self) -> str:
        return self.name.replace(" ", "-").replace("+", "")

    def result(self, output: Output) -> Found:
        """What a lookup found, and whether a question on its way got no answer."""
        return replace(self.read(output), unanswered=lost_a_question(output))

    def expected(self, addresses: frozenset[str], name: str) -> Found:
        """What a lookup that finds these addresses under an absolute name must say."""
        return Found(addresses, name.lower() if self.names_hit else "")


def lost_a_question(output: Output) -> bool:
    """Whether a question of a lookup got no answer: the tool says so, or it waited so long."""
    said = f"{output.stdout}\n{output.stderr}"
    late = output.exit_code is None or output.ms >= RESOLVER_TIMEOUT_MS
    return late or _NOT_ANSWERED.search(said) is not None


def read_getent(output: Output) -> Found:
    """What ``getent ahosts`` and ``getent hosts`` print: an address, then perhaps the name.

    Exit code 2 means that nothing was found (getent(1)).
    """
    if output.exit_code is None:
        return Found(error="no answer before the deadline")
    if output.exit_code == 2:
        return Found(error="not found")
    if output.exit_code != 0:
        return Found(error=failure(output))
    addresses: set[str] = set()
    names: list[str] = []
    for words in map(str.split, output.stdout.splitlines()):
        match words:
            case [address, "STREAM" | "DGRAM" | "RAW", *rest]:
                addresses.add(normal(address))
                names += rest
            case [address, *rest]:
                addresses.add(normal(address))
                names += rest
    if not addresses:
        return Found(error="getent printed no address")
    return Found(frozenset(addresses), absolute(names[0]) if names else "")


def read_dig(output: Output) -> Found:
    """What ``dig +search +showsearch`` prints: each step of the search, the last one decides."""
    if output.exit_code is None:
        return Found(error="no answer before the deadline")
    if output.exit_code != 0 and not _STATUS.search(output.stdout):
        return Found(error=failure(output))
    steps: list[Step] = []
    for part in re.split(r"^;; Got answer:$", output.stdout, flags=re.MULTILINE)[1:]:
        status, asked = _STATUS.search(part), re.search(r"^;([^;\s]+)\s+IN\s", part, re.MULTILINE)
        if status and asked:
            steps.append(Step(absolute(asked[1]), status[1]))
            last = part
    if not steps:
        return Found(error=failure(output))
    records = re.findall(r"^([^;\s]\S*)\s+\d+\s+IN\s+(?:A|AAAA)\s+(\S+)$", last, re.MULTILINE)
    if not records:
        return Found(error=steps[-1].rcode, steps=tuple(steps))
    addresses = frozenset(normal(address) for _, address in records)
    return Found(addresses, absolute(records[0][0]), steps=tuple(steps))


def read_musl(output: Output) -> Found:
    """What the program of the musl image prints: "4 ADDRESS" lines, or the name of an error."""
    if output.exit_code is None:
        return Found(error="no answer before the deadline")
    if output.exit_code != 0:
        return Found(error=output.stdout.strip() or failure(output))
    lines = [line.split() for line in output.stdout.splitlines()]
    addresses = {normal(words[1]) for words in lines if len(words) == 2 and words[0] in ("4", "6")}
    return Found(frozenset(addresses), error="" if addresses else "it printed no address")


def dig_command(name: str, family: int) -> list[str]:
    """The question in dig, with the pod's search list, every step shown."""
    shown = ["+noall", "+comments", "+question", "+answer"]
    rdtype = "A" if family == 4 else "AAAA"
    return [
        "dig",
        "+search",
        "+showsearch",
        *shown,
        "+tries=2",
        "+time=2",
        "-t",
        rdtype,
        "-q",
        name,
    ]


def first_question(name: str, tries: int) -> list[str]:
    """A command that tells with ``answered`` whether the pod's nameserver answers at all."""
    return ["dig", f"+tries={tries}", "+time=2", "-q", absolute(name)]


def answered(output: Output) -> bool:
    """Whether a nameserver replied to dig, whatever it said (exit code 9: none did)."""
    return output.exit_code == 0 and _STATUS.search(output.stdout) is not None


def within_search_list(command: Sequence[str]) -> list[str]:
    """A getent command that does not ask an upstream for a name without a dot."""
    return [*NO_TLD_QUERY, *command]


def normal(address: str) -> str:
    """An address as ipaddress writes it; what is none stays as it is."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def absolute(name: str) -> str:
    """A name in lower case with its final dot."""
    return f"{name.lower().rstrip('.')}."


def failure(output: Output) -> str:
    """Why a command failed, in one line."""
    said = " ".join((output.stderr.strip() or output.stdout.strip()).split())
    return f"exit code {output.exit_code}: {said[:200]}"


GETADDRINFO = Tool("getent ahosts", lambda name, _: ["getent", "ahosts", name], read_getent)
ONE_FAMILY = Tool(
    "getent ahosts of one family",
    lambda name, family: ["getent", f"ahostsv{family}", name],
    read_getent,
)
GETHOSTBYNAME = Tool("getent hosts", lambda name, _: ["getent", "hosts", name], read_getent)
DIG = Tool("dig +search", dig_command, read_dig)
MUSL = Tool(
    "musl", lambda name, family: ["/resolve", name, str(family)], read_musl, names_hit=False
)

TOOLS = (GETADDRINFO, ONE_FAMILY, DIG)
# gethostbyname looks for AAAA records first: for a Service without any it leaves the cluster at
# the end of its search, and must not be judged by that. A name without a dot can be kept inside.
FOR_MISSES = (GETADDRINFO, GETHOSTBYNAME)
