"""A Corefile as lines: statements of its first block put in, taken out, doubled, moved.

This does not use the suite's own parser: what the trials say about a Corefile must not depend on
what they judge. It knows only the shape that kubeadm writes, and refuses any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

INDENT = "    "

# What kubeadm writes for Kubernetes 1.34; the nodes of our clusters have it.
KUBEADM = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""
NAMES = (
    *("errors", "health", "ready", "kubernetes", "prometheus"),
    *("forward", "cache", "loop", "reload", "loadbalance"),
)


@dataclass(frozen=True)
class Statement:
    """A plugin with its block: lines without the final newline, ``first`` counted from 0."""

    name: str
    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its first line as one would quote it."""
        return self.lines[0].strip().removesuffix("{").strip()


def statements(text: str) -> list[Statement]:
    """The statements of the first block. Raises ValueError where the text has another shape."""
    lines = text.splitlines()
    if not lines or not lines[0].rstrip().endswith("{"):
        raise ValueError(f"the first line opens no block:\n{text}")
    found: list[Statement] = []
    at = 1
    while at < len(lines) and lines[at].strip() != "}":
        end = at + 1
        if lines[at].rstrip().endswith("{"):
            while lines[end].strip() != "}":
                end += 1
            end += 1
        if lines[at].strip():
            found.append(Statement(lines[at].split()[0], at, tuple(lines[at:end])))
        at = end
    if at == len(lines):
        raise ValueError(f"the first block does not end:\n{text}")
    return found


def named(text: str, name: str) -> Statement:
    """The first statement of that name. Raises ValueError."""
    for each in statements(text):
        if each.name == name:
            return each
    raise ValueError(f"no {name} in the first block:\n{text}")


def without(name: str) -> Callable[[str], str]:
    """An edit: the statement is gone."""

    def edit(text: str) -> str:
        return _spliced(text, named(text, name), ())

    return edit


def doubled(name: str) -> Callable[[str], str]:
    """An edit: the statement is there twice."""

    def edit(text: str) -> str:
        one = named(text, name)
        return _spliced(text, one, (*one.lines, *one.lines))

    return edit


def put_after(name: str, lines: Sequence[str]) -> Callable[[str], str]:
    """An edit: lines behind a statement; "" is the top of the block."""

    def edit(text: str) -> str:
        rows = text.splitlines()
        at = 1
        if name:
            one = named(text, name)
            at = one.first + len(one.lines)
        return _joined([*rows[:at], *(INDENT + line for line in lines), *rows[at:]])

    return edit


def own_block(key: str, lines: Sequence[str], first: bool = False) -> Callable[[str], str]:
    """An edit: a block of its own, before or behind all others."""
    block = _joined([f"{key} {{", *(INDENT + line for line in lines), "}"])

    def edit(text: str) -> str:
        return block + text if first else text.rstrip("\n") + "\n" + block

    return edit


def replaced(name: str, lines: Sequence[str]) -> Callable[[str], str]:
    """An edit: other lines in the place of a statement."""

    def edit(text: str) -> str:
        return _spliced(text, named(text, name), tuple(INDENT + line for line in lines))

    return edit


def with_option(name: str, option: str, instead_of: str = "") -> Callable[[str], str]:
    """An edit: an option more in a statement's block, or in the place of another option."""

    def edit(text: str) -> str:
        one = named(text, name)
        head, *inside = one.lines
        inside = [line for line in inside if line.strip() != "}"]
        if instead_of:
            kept = [line for line in inside if line.split()[0] != instead_of]
            if kept == inside:
                raise ValueError(f"{name} has no option {instead_of}:\n{text}")
            inside = kept
        head = head.rstrip().removesuffix("{").rstrip()
        added = [f"{INDENT}   {option}"] if option else []
        return _spliced(text, one, (f"{head} {{", *inside, *added, f"{INDENT}}}"))

    return edit


def with_arguments(name: str, arguments: str) -> Callable[[str], str]:
    """An edit: other arguments for a statement; its options stay."""

    def edit(text: str) -> str:
        one = named(text, name)
        brace = " {" if one.lines[0].rstrip().endswith("{") else ""
        head = f"{INDENT}{name} {arguments}".rstrip() + brace
        return _spliced(text, one, (head, *one.lines[1:]))

    return edit


def with_key(key: str) -> Callable[[str], str]:
    """An edit: another key for the first block."""

    def edit(text: str) -> str:
        return _joined([f"{key} {{", *text.splitlines()[1:]])

    return edit


def changed_lines(before: str, after: str) -> tuple[str, ...]:
    """What names a change: each new line, quoted, and its number as ``line 7``."""
    old = before.splitlines()
    found: list[str] = []
    for number, line in enumerate(after.splitlines(), start=1):
        if line in old:
            old.remove(line)
        elif line.strip() not in ("", "}"):
            found += [line.strip().removesuffix("{").strip(), f"line {number}"]
    return tuple(found)


def _spliced(text: str, one: Statement, lines: Sequence[str]) -> str:
    rows = text.splitlines()
    return _joined([*rows[: one.first], *lines, *rows[one.first + len(one.lines) :]])


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
