"""Whether the words of a Corefile are values that CoreDNS accepts."""

import re
from ipaddress import ip_address, ip_network

from clusterdns.corefile.directives import Rule
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.model import has_variable

# What Go's strconv.ParseBool takes.
_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")
_LIKE_ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*")


def faults_of(rule: Rule, args: tuple[str, ...]) -> list[str]:
    """What is wrong with these arguments, each worded to follow a plugin's or option's name."""
    if any(has_variable(word) for word in args):
        return []  # the environment of the pod decides
    if len(args) < rule.fewest:
        return [f"needs {_arguments(rule.fewest)}, but has {len(args) or 'none'}"]
    if rule.most is not None and len(args) > rule.most:
        return [f"takes {_arguments(rule.most, 'at most ')}, but has {len(args)}"]
    faults = []
    for at, word in enumerate(args):
        kind = rule.kinds[at] if at < len(rule.kinds) else "word"
        if (fault := fault_of(kind, word)) is not None:
            faults.append(fault)
        elif at == 0 and rule.between is not None and not _between(rule, word):
            low, high = rule.between
            faults.append(f"must be from {low:g} to {high:g}, not {word}")
        if rule.values and word not in rule.values:
            faults.append(f"must be one of {', '.join(rule.values)}, not {word!r}")
    return faults


def fault_of(kind: str, word: str) -> str | None:
    """What is wrong with a word that should be of this kind; None: nothing."""
    try:
        if kind in ("whole", "count", "positive"):
            lowest = {"whole": None, "count": 0, "positive": 1}[kind]
            if lowest is not None and whole(word) < lowest:
                return f"must be {lowest} or more, not {word}"
            whole(word)
        elif kind == "float":
            if float(word) < 0:
                return f"must be 0 or more, not {word}"
        elif kind in ("duration", "time"):
            if seconds_of(word) < 0 and kind == "time":
                return f"must not be negative, as {word} is"
        elif kind == "percent":
            if not word.endswith("%") or not 10 <= whole(word[:-1]) <= 90:
                return f"must be from 10% to 90%, not {word}"
        elif kind == "address":
            host_and_port(word)
        elif kind == "ip" or (kind == "interface" and _LIKE_ADDRESS.fullmatch(word)):
            ip_address(word)
        elif kind == "boolean" and word not in _BOOLEANS:
            return f"must be true or false, not {word!r}"
    except ValueError as problem:
        reason = str(problem) if kind != "float" else f"{word!r} is not a number"
        return f"has a wrong argument: {reason}"
    return None


def whole(word: str) -> int:
    """A whole number as Go reads it; raises ValueError for anything else."""
    digits = word[1:] if word[:1] in ("-", "+") else word
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{word!r} is not a whole number")
    return int(word)


def host_and_port(word: str) -> tuple[str, str]:
    """The parts of ``host:port`` as Go's net.SplitHostPort takes them; raises ValueError."""
    host, colon, port = word.rpartition(":")
    if not colon:
        raise ValueError(f"{word!r} has no port: it must look like :8080 or 127.0.0.1:8080")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{word!r} has too many colons: an IPv6 address goes into brackets")
    if "[" in host or "]" in host:
        raise ValueError(f"{word!r} has a bracket in a wrong place")
    return host, port


def is_upstream(word: str) -> bool:
    """Whether a word names an upstream by address or may be a file's name."""
    scheme, separator, rest = word.partition("://")
    if not separator:
        rest = word
    elif scheme == "unix":
        return True
    elif scheme not in ("dns", "tls", "quic", "grpc", "https"):
        return False
    if upstream_host(rest) is not None:
        return without_brackets(rest) == rest
    return not separator and "/" in rest and ":" not in rest and not is_network(rest)


def is_network(word: str) -> bool:
    """Whether a word is an address with the length of a prefix, as in ``10.0.0.0/8``."""
    address, slash, length = word.partition("/")
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return slash == "/" and length.isdigit() and "%" not in address


def closes_nothing(word: str) -> bool:
    """Whether a closing brace is glued to a word, so that CoreDNS does not see it."""
    return len(word) > 1 and word.endswith("}") and "{" not in word


def without_brackets(word: str) -> str:
    """An upstream without the brackets of an IPv6 address that has no port."""
    scheme, separator, rest = word.rpartition("://")
    if rest.startswith("[") and rest.endswith("]"):
        rest = rest[1:-1]
    return scheme + separator + rest


def upstream_host(word: str) -> str | None:
    """The IP address in ``address``, ``address:port`` or ``scheme://address:port``."""
    rest = without_brackets(word.partition("://")[2] or word)
    try:
        host, _ = host_and_port(rest)
    except ValueError:
        host = rest
    for candidate in (host, rest):
        try:
            return str(ip_address(candidate.rpartition("%")[0] or candidate))
        except ValueError:
            continue
    return None


def upstream_port(word: str) -> int:
    """The port of an upstream that is written as an address."""
    scheme, separator, rest = word.partition("://")
    usual = {"tls": 853, "quic": 853, "grpc": 443, "https": 443}.get(
        scheme if separator else "", 53
    )
    try:
        _, port = host_and_port(rest if separator else word)
        return int(port)
    except ValueError:
        return usual


def _between(rule: Rule, word: str) -> bool:
    assert rule.between is not None
    low, high = rule.between
    number = seconds_of(word) if rule.kinds[0] in ("duration", "time") else float(word)
    return low <= number <= high


def _arguments(count: int, prefix: str = "") -> str:
    if count == 0:
        return "no arguments"
    return f"{prefix}{count} argument{'s' if count > 1 else ''}"
