"""What CoreDNS refuses of plugins about servers, clients and logs (plugin/NAME/setup.go)."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from clusterdns.corefile.directives import Version
from clusterdns.corefile.dns_words import OPCODES, is_type
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.model import Option, Plugin, ServerBlock, has_variable
from clusterdns.corefile.values import whole

Problems = Iterator[tuple[int, str]]  # line and message

ACME: Version = (1, 14, 7)  # from here on `tls` without files gets a certificate by itself
ACME_OPTIONS = ("acme", "email", "ca", "storage", "ca_root", "resolver")
ACL_ACTIONS = ("allow", "block", "filter", "drop")
DROPS: Version = (1, 10, 1)
TAP_NUMBERS_READ: Version = (1, 13, 0)
TAP_LISTENS: Version = (1, 14, 4)
SHOW_FIRST: Version = (1, 14, 0)
LOG_LEVELS = ("warning", "error", "info", "debug")
DAY = 86400.0


def acl_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Policies: an action, and sections of types and networks."""
    actions = [one for one in ACL_ACTIONS if one != "drop" or version >= DROPS]
    for option in plugin.options:
        if option.name == "import" or any(map(has_variable, (option.name, *option.args))):
            continue
        if option.name.lower() not in actions:
            message = f"'acl' takes {', '.join(actions)}, not {option.name!r}"
            yield option.line, message
            return
        yield from ((option.line, fault) for fault in _faults_of_policy(option, version))


def _faults_of_policy(option: Option, version: Version) -> Iterator[str]:
    section, count = "", 0
    for word in (*option.args, "net"):
        if word.lower() in ("type", "net"):
            if section and not count:
                yield f"'{section}' of 'acl' names nothing"
                return
            section, count = word.lower(), 0
            continue
        if not section:
            yield f"'{option.name}' of 'acl' takes 'type' and 'net' next, not {word!r}"
            return
        count += 1
        known = _is_network(word) if section == "net" else is_type(word, version)
        if word != "*" and not known:
            yield f"{word!r} is no {section} for 'acl'"
    if option.args and option.args[-1].lower() in ("type", "net"):
        yield f"'{option.args[-1]}' of 'acl' names nothing"


def _is_network(word: str) -> bool:
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return "." not in word.partition("/")[2]


def bind_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Words that look like addresses and are none."""
    for option in plugin.all("except"):
        for word in option.args:
            if re.fullmatch(r"[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*", word) and not _is_address(word):
                yield option.line, f"'except' of 'bind' takes addresses, and {word!r} is none"


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def cancel_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """A time above zero. Each line of a block is read as another use."""
    for option in plugin.options:
        if len(option.args) > 1:
            yield option.line, "'cancel' takes one time, and no options"
    uses = [(plugin.line, plugin.args), *((one.line, one.args) for one in plugin.options)]
    for line, words in uses:
        for word in words[:1]:
            seconds = _seconds(word)
            if line == plugin.line and seconds is None:
                continue  # reported with the arguments
            if not has_variable(word) and (seconds is None or seconds <= 0):
                yield line, f"'cancel' needs a time above 0, not {word}"


def _seconds(word: str) -> float | None:
    """A duration in seconds; None for none."""
    try:
        return seconds_of(word)
    except ValueError:
        return None


def dnstap_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Numbers behind the address, and what a listener alone may have."""
    words = list(plugin.args)
    listens = version >= TAP_LISTENS and words[:1] == ["listen"]
    if listens:
        words = words[1:]
        if not words:
            yield plugin.line, "'dnstap listen' needs an address"
    if version >= TAP_NUMBERS_READ:
        for word, most in zip(words[2:4], (1024, 4096), strict=False):
            if not has_variable(word) and not _is_between(word, 1, most):
                yield plugin.line, f"'dnstap' needs a number from 1 to {most}, not {word!r}"
    for option in plugin.all("tls") if version >= TAP_LISTENS and not listens else ():
        yield option.line, "'tls' of 'dnstap' is for 'dnstap listen' only"


def _is_between(word: str, low: int, high: int) -> bool:
    try:
        return low <= whole(word) <= high
    except ValueError:
        return False


def errors_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """What follows the pattern of consolidated errors."""
    for option in plugin.all("consolidate"):
        levels = 0
        for at, word in enumerate(option.args[2:]):
            if has_variable(word):
                continue
            shows = word == "show_first" and version >= SHOW_FIRST
            if word not in LOG_LEVELS and not shows:
                known = ", ".join([*LOG_LEVELS, *(["show_first"] if version >= SHOW_FIRST else [])])
                yield option.line, f"'consolidate' of 'errors' takes {known}, not {word!r}"
            levels += word in LOG_LEVELS
            if word in LOG_LEVELS and (levels > 1 or at):
                yield option.line, f"one level at most, {word!r}, stands first in 'consolidate'"


def etcd_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Times of leases."""
    for name in ("min-lease-ttl", "max-lease-ttl"):
        for option in plugin.all(name):
            for word in option.args[:1]:
                seconds = _seconds(word + "s" if word.isdigit() else word)
                if not has_variable(word) and (seconds is None or not 0 <= seconds < 2**32):
                    yield option.line, f"'{name}' of 'etcd' needs a time, and {word!r} is none"


def on_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """The event that a command is for."""
    for word in plugin.args[:1]:
        if word.lower() not in ("startup", "shutdown", "certrenew") and not has_variable(word):
            yield plugin.line, f"'on' knows startup, shutdown and certrenew, not {word!r}"


def listener_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """The limits of quic, https, https3 and grpc_server stand once each."""
    seen = set()
    for option in plugin.options:
        if option.name in seen:
            yield option.line, f"'{option.name}' of '{plugin.name}' may stand only once"
        seen.add(option.name)


def shed_problems(plugin: Plugin, block: ServerBlock, _version: Version) -> Problems:
    """Every key of the block is of plain DNS."""
    for key in block.keys:
        if key.scheme != "dns":
            yield plugin.line, f"'shed' is for plain DNS only, and {key.text} is none"


def proxyproto_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Networks that are believed, and what is done with others."""
    for option in plugin.options:
        if option.name == "default" and len(option.args) == 1:
            word = option.args[0]
            if word.lower() not in ("use", "ignore", "reject", "skip") and not has_variable(word):
                yield (
                    option.line,
                    f"'default' of 'proxyproto' takes use, ignore, reject and skip, not {word!r}",
                )
        for word in option.args if option.name == "allow" else ():
            if not has_variable(word) and not ("/" in word and _is_network(word)):
                yield option.line, f"'allow' of 'proxyproto' takes networks, and {word!r} is none"


def timeouts_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Times from a second to a day, at least one."""
    if not plugin.options:
        yield plugin.line, "'timeouts' needs a time, such as 'read 5s'"
    for option in plugin.options:
        word = option.args[0] if len(option.args) == 1 else ""
        if not word or has_variable(word) or option.name not in ("read", "write", "idle"):
            if option.name == "maxtcpqueries" and word in ("0", *(f"-{n}" for n in range(2, 10))):
                yield option.line, f"'maxtcpqueries' must be -1 or above 0, not {word}"
            continue
        seconds = _seconds(word + "s" if re.fullmatch(r"[+-]?[0-9]+", word) else word)
        if seconds is None or not 1 <= seconds <= DAY:
            yield (
                option.line,
                f"'{option.name}' of 'timeouts' needs a time from 1s to 24h, not {word}",
            )


def tls_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """A certificate and a key, or from 1.14.7 on the options of ACME."""
    if len(plugin.args) == 1 or (not plugin.args and version < ACME):
        count = len(plugin.args) or "none"
        yield plugin.line, f"'tls' needs 2 arguments, a certificate and a key, but has {count}"
        return
    for option in plugin.options:
        of_acme = option.name in ACME_OPTIONS
        if option.name == "import" or of_acme is not bool(plugin.args):
            continue
        wants = "files, as in 'tls CERTIFICATE KEY'" if not of_acme else "no files"
        yield option.line, f"'{option.name}' of 'tls' is for a 'tls' with {wants}"
    seen = set()
    for option in plugin.options if not plugin.args else ():
        if option.name in seen:
            yield option.line, f"'{option.name}' of 'tls' may stand only once"
        seen.add(option.name)
    if not plugin.args and not plugin.option("acme") and not plugin.option("import"):
        yield plugin.line, "'tls' needs a certificate and a key, or 'acme NAME' in its block"


def trace_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Where spans go."""
    if len(plugin.args) == 2:
        word = plugin.args[0]
        if word.lower() not in ("zipkin", "datadog") and not has_variable(word):
            yield plugin.line, f"'trace' sends to zipkin and datadog, not to {word!r}"


def tsig_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Types and opcodes that must be signed, and keys that stand twice."""
    names: set[str] = set()
    for option in plugin.all("secret"):
        name = option.args[0].lower().rstrip(".") if option.args else ""
        if name in names:
            yield option.line, f"the key {name!r} of 'tsig' stands twice"
        names.add(name)
    for option in plugin.options:
        if option.args[:1] in (("all",), ("none",)):
            continue
        for word in option.args:
            if has_variable(word):
                continue
            if option.name == "require" and not is_type(word, version):
                yield option.line, f"'require' of 'tsig' takes types, and {word!r} is none"
            if option.name == "require_opcode" and word not in OPCODES:
                yield option.line, f"'require_opcode' of 'tsig' takes opcodes, not {word!r}"
