"""What CoreDNS refuses of plugins that ask others: forward, grpc, transfer, secondary."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from clusterdns.corefile.directives import Version
from clusterdns.corefile.dns_words import is_rcode
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.keys import is_domain_name
from clusterdns.corefile.model import Option, Plugin, ServerBlock, has_variable
from clusterdns.corefile.settings import zones_of
from clusterdns.corefile.values import host_and_port, is_upstream, without_brackets

Problems = Iterator[tuple[int, str]]  # line and message

MOST_UPSTREAMS = 15  # plugin/forward/setup.go
HOSTNAMES_AS_UPSTREAMS: Version = (1, 14, 4)
BARE_BRACKETS: Version = (1, 14, 2)  # an IPv6 address in brackets needs no port any more
NO_FAILOVER_ON_NOERROR: Version = (1, 13, 2)
MORE_SCHEMES: Version = (1, 14, 5)  # https; before, forward asks by DNS or TLS
QUIC_UPSTREAMS: Version = (1, 15, 0)
PATHS_REFUSED: Version = (1, 14, 5)
NAMED_UPSTREAMS: Version = (1, 13, 2)
AGE_COMPARED: Version = (1, 14, 3)
SCHEMES = ("tls", "dns", "quic", "grpc", "https3", "https", "unix")  # others are read as a host
SECONDARY_NEEDS_TRANSFER: Version = (1, 12, 2)
EXPIRES = 10.0  # seconds for which forward keeps a connection, unless it is told


def forward_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Zone, upstreams and the options that no table can say."""
    for option in plugin.all("health_check"):
        yield from ((option.line, fault) for fault in _faults_of_health_check(option))
    for option in plugin.options:
        yield from _rcode_problems(option, version)
        yield from _resolver_problems(option)
    yield from _zone_problems(plugin)
    upstreams = plugin.args[1:]
    if len(upstreams) > MOST_UPSTREAMS:
        yield plugin.line, f"'forward' takes at most {MOST_UPSTREAMS} upstreams"
    for word in upstreams:
        if not has_variable(word):
            yield from ((plugin.line, fault) for fault in _faults_of_upstream(word, version))
    yield from _age_problems(plugin, version)
    yield from _server_name_problems(plugin, version)
    for option in plugin.all("read_timeout"):
        if option.args[:1] in (("0",), ("0s",), ("0ms",), ("0m",)):
            yield option.line, "'read_timeout' of 'forward' must be above 0"


def _zone_problems(plugin: Plugin) -> Problems:
    for word in plugin.args[:1]:
        if not has_variable(word) and not zones_of([word]):
            yield plugin.line, f"'{plugin.name}' needs a zone first, and {word!r} is none"


def _scheme_of(word: str) -> tuple[str, str]:
    """Scheme and what follows it, as CoreDNS takes them apart."""
    scheme, separator, rest = word.partition("://")
    return (scheme, rest) if separator and scheme in SCHEMES else ("dns", word)


def _faults_of_upstream(word: str, version: Version) -> Iterator[str]:
    scheme, rest = _scheme_of(word)
    if not rest:
        yield f"'forward' needs addresses or files, and {word!r} is neither"
        return
    taken = ["DNS", "TLS"]
    taken += ["HTTPS"] if version >= MORE_SCHEMES else []
    taken += ["QUIC"] if version >= QUIC_UPSTREAMS else []
    if scheme.upper() not in taken:
        yield f"'forward' asks by {' or '.join(taken)}, not as {word!r} says"
        return
    if scheme == "https" and "/" in rest and version >= PATHS_REFUSED:
        yield f"'forward' takes no path behind an upstream by https, as {word!r} has"
    if version >= HOSTNAMES_AS_UPSTREAMS:
        if not is_upstream(without_brackets(word)) and not _may_be_found(rest):
            yield f"'forward' needs addresses, files or names, and {word!r} is none of them"
        return
    bare = without_brackets(word) if version >= BARE_BRACKETS else word
    if not is_upstream(bare):
        yield f"'forward' needs addresses or files, and {word!r} is neither"


def _may_be_found(word: str) -> bool:
    """Whether Go asks for an address of this name, which may have a port behind it."""
    host = re.sub(r":[0-9]*$", "", word.partition("%")[0]).strip("[]").rstrip(".")
    labels = host.split(".")
    shaped = all(re.fullmatch(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", label) for label in labels)
    return shaped and len(host) < 254 and not re.fullmatch(r"[0-9.]+", host)


def _faults_of_health_check(option: Option) -> Iterator[str]:
    words = list(option.args[1:])
    while words:
        word = words.pop(0)
        if word not in ("no_rec", "domain") or (word == "domain" and not words):
            yield f"'health_check' takes 'no_rec' and 'domain NAME', not {word!r}"
            return
        if word == "domain" and not is_domain_name(name := words.pop(0)):
            yield f"the domain of 'health_check' must be a name, and {name!r} is none"


def _rcode_problems(option: Option, version: Version) -> Problems:
    """The rcodes after which forward asks another upstream."""
    for word in option.args if option.name in ("next", "failover") else ():
        if has_variable(word):
            continue
        if not is_rcode(word, version):
            yield option.line, f"'{option.name}' of 'forward' takes rcodes, and {word!r} is none"
        elif (
            word.upper() == "NOERROR"
            and option.name == "failover"
            and version >= NO_FAILOVER_ON_NOERROR
        ):
            yield option.line, "'failover' of 'forward' does not take NOERROR: that is an answer"


def _resolver_problems(option: Option) -> Problems:
    for word in option.args if option.name == "resolver" else ():
        if not has_variable(word) and not is_server(word):
            yield option.line, f"'resolver' of 'forward' takes addresses, and {word!r} is none"


def is_server(word: str) -> bool:
    """Whether a word is an IP address, alone or with a port."""
    try:
        host, _ = host_and_port(word)
    except ValueError:
        host = word
    try:
        ip_address(host.rpartition("%")[0] or host)
    except ValueError:
        return False
    return True


def _age_problems(plugin: Plugin, version: Version) -> Problems:
    age, expire = plugin.option("max_age"), plugin.option("expire")
    if version < AGE_COMPARED or age is None:
        return
    try:
        oldest = seconds_of(age.args[0])
        kept = seconds_of(expire.args[0]) if expire else EXPIRES
    except (IndexError, ValueError):
        return  # reported with the options
    if 0 < oldest < kept:
        yield age.line, f"'max_age' of 'forward' must not be less than 'expire', {kept:g}s"


def _server_name_problems(plugin: Plugin, version: Version) -> Problems:
    """A name for TLS is said of an upstream, behind its %, or of all."""
    if version < NAMED_UPSTREAMS or not plugin.option("tls_servername"):
        return
    for word in plugin.args[1:]:
        if _scheme_of(word)[0] in ("tls", "quic") and "%" in word:
            yield plugin.line, f"{word!r} has a server name, and 'tls_servername' says another"


def grpc_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Zone and upstreams: addresses and files alone, in every version."""
    yield from _zone_problems(plugin)
    for word in plugin.args[1:]:
        bare = without_brackets(word) if version >= BARE_BRACKETS else word
        if not has_variable(word) and not is_upstream(bare):
            yield plugin.line, f"'grpc' needs addresses or files, and {word!r} is neither"
    if len(plugin.args) > MOST_UPSTREAMS + 1:
        yield plugin.line, f"'grpc' takes at most {MOST_UPSTREAMS} upstreams"


def transfer_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Addresses that zones are transferred to."""
    targets = plugin.all("to")
    if not targets and not plugin.option("import"):
        yield plugin.line, "'transfer' needs 'to ADDRESS' in its block"
    for option in targets:
        yield from _address_problems(option, option.args, "'to' of 'transfer'", star=True)
    for option in plugin.all("source")[1:]:
        yield option.line, "'source' of 'transfer' may stand only once"


def _address_problems(
    option: Option, words: tuple[str, ...], what: str, *, star: bool = False
) -> Problems:
    for word in words:
        if not has_variable(word) and not is_server(word) and not (star and word == "*"):
            yield option.line, f"{what} takes addresses, and {word!r} is none"


def secondary_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Addresses that zones are transferred from."""
    transfers = plugin.all("transfer")
    for option in transfers:
        if option.args and option.args[0] != "from" and not has_variable(option.args[0]):
            yield option.line, f"'transfer' of 'secondary' says 'from', not {option.args[0]!r}"
        else:
            yield from _address_problems(option, option.args[1:], "'transfer from'")
    for option in plugin.all("catalog"):
        for word in option.args:
            if not has_variable(word) and not zones_of([word]):
                yield option.line, f"'catalog' of 'secondary' takes zones, and {word!r} is none"
    if version >= SECONDARY_NEEDS_TRANSFER and not transfers and not plugin.option("import"):
        yield plugin.line, "'secondary' needs 'transfer from ADDRESS' in its block"
