"""What CoreDNS refuses of single plugins by rules that no table holds (plugin/NAME/setup.go)."""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv6Network, ip_network

from clusterdns.corefile.directives import NEVER, OLDEST, Version
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.finding import Finding
from clusterdns.corefile.model import Option, Plugin, ServerBlock, has_variable
from clusterdns.corefile.settings import is_reverse, kubernetes_of, zones_of
from clusterdns.corefile.values import is_upstream, whole, without_brackets

MOST_UPSTREAMS = 15  # plugin/forward/setup.go
HOSTNAMES_AS_UPSTREAMS: Version = (1, 14, 4)
BARE_BRACKETS: Version = (1, 14, 2)  # an IPv6 address in brackets needs no port any more
MORE_SCHEMES: Version = (1, 13, 0)  # from here on not looked at
REWRITES_RCODE: Version = (1, 11, 0)
NAME_KINDS = ("exact", "prefix", "suffix", "substring", "regex")
HOSTS_OPTIONS = ("no_reverse", "ttl", "reload", "fallthrough_unsupported", "import")
RCODES = (  # those that CoreDNS' library knows by name
    *("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "NOTIMPL", "REFUSED", "YXDOMAIN"),
    *("YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "BADSIG", "BADKEY", "BADTIME", "BADMODE"),
    *("BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE"),
)
NO_FAILOVER_ON_NOERROR: Version = (1, 13, 2)
LONGEST_PATTERN = 10_000  # characters of a regular expression
PATTERNS_LIMITED: Version = (1, 14, 0)
PATTERNS_OF_AUTO_LIMITED: Version = (1, 13, 2)
MOST_SOCKETS = 1024
SOCKETS_LIMITED: Version = (1, 13, 2)
SECONDARY_NEEDS_TRANSFER: Version = (1, 12, 2)
HEADER_NEEDS_SELECTOR: Version = (1, 12, 4)
FLAGS = ("aa", "ra", "rd")  # that header may set and clear
RFC6052_LENGTHS = (32, 40, 48, 56, 64, 96)
RFC6052_ONLY: Version = (1, 15, 0)  # before, every multiple of 8 from 32 to 96 was taken

Problems = Iterator[tuple[int, str]]  # line and message


def special_refusals(plugin: Plugin, block: ServerBlock, version: Version) -> Iterator[Finding]:
    """For what of this plugin, known to this version, CoreDNS does not start."""
    judge = RULES.get(plugin.name)
    for line, message in judge(plugin, block, version) if judge is not None else ():
        yield Finding("error", plugin.name, line, message)
    for line, message in _long_patterns(plugin, version):
        yield Finding("error", plugin.name, line, message)


def _long_patterns(plugin: Plugin, version: Version) -> Problems:
    """Regular expressions of rewrite, template, errors and auto that are too long."""
    since = PATTERNS_OF_AUTO_LIMITED if plugin.name == "auto" else PATTERNS_LIMITED
    if version < since:
        return
    for line, pattern in _patterns(plugin):
        if len(pattern) > LONGEST_PATTERN:
            yield (
                line,
                f"a regular expression of '{plugin.name}' has {len(pattern)} characters, and may "
                f"have {LONGEST_PATTERN}",
            )


def _patterns(plugin: Plugin) -> Iterator[tuple[int, str]]:
    if plugin.name == "rewrite":
        words = _rule_of(plugin)
        if len(words) > 2 and words[1].lower() == "regex":
            yield plugin.line, words[2]
    elif plugin.name == "template":
        yield from ((one.line, word) for one in plugin.all("match") for word in one.args)
    elif plugin.name == "errors":
        yield from ((one.line, word) for one in plugin.all("consolidate") for word in one.args[1:2])
    elif plugin.name == "auto":
        yield from ((one.line, word) for one in plugin.all("directory") for word in one.args[1:2])


def _multisocket_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    if version < SOCKETS_LIMITED:
        return
    for word in plugin.args[:1]:
        try:
            if whole(word) > MOST_SOCKETS:
                yield plugin.line, f"'multisocket' opens at most {MOST_SOCKETS} sockets, not {word}"
        except ValueError:
            pass  # reported with the arguments


def _secondary_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    transfers = plugin.all("transfer")
    if version >= SECONDARY_NEEDS_TRANSFER and not transfers and not plugin.option("import"):
        yield plugin.line, "'secondary' needs 'transfer from ADDRESS' in its block"


def _header_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    if not plugin.options:
        yield plugin.line, "'header' needs a rule, such as 'response set ra'"
    for option in plugin.options:
        yield from ((option.line, fault) for fault in _faults_of_header(option, version))


def _faults_of_header(option: Option, version: Version) -> Iterator[str]:
    selector, words = option.name.lower(), list(option.args)
    if any(map(has_variable, (option.name, *words))) or selector == "import":
        return
    if selector in ("set", "clear"):
        if version >= HEADER_NEEDS_SELECTOR:
            yield f"a rule of 'header' begins with 'query' or 'response': 'response {selector} ...'"
            return
        words.insert(0, selector)
    elif selector not in ("query", "response"):
        yield f"a rule of 'header' begins with 'query' or 'response', not with {option.name!r}"
        return
    action, flags = (words[0].lower() if words else ""), words[1:]
    if action not in ("set", "clear"):
        yield f"a rule of 'header' says 'set' or 'clear' next, not {action!r}"
    elif not flags:
        yield f"'{action}' of 'header' names no flag: {', '.join(FLAGS)}"
    for flag in flags:
        if flag.lower() not in FLAGS:
            yield f"'header' changes the flags {', '.join(FLAGS)}, not {flag!r}"


def _dns64_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    stated = [(plugin.line, word) for word in plugin.args[:1]]
    stated += [(one.line, word) for one in plugin.all("prefix") for word in one.args[:1]]
    known = RFC6052_LENGTHS if version >= RFC6052_ONLY else tuple(range(32, 97, 8))
    for line, word in stated:
        if has_variable(word):
            continue
        try:
            network = ip_network(word, strict=False)
        except ValueError:
            yield line, f"'dns64' needs an IPv6 prefix, and {word!r} is none"
            continue
        if "/" not in word or not isinstance(network, IPv6Network):
            yield line, f"'dns64' needs an IPv6 prefix with its length, and {word!r} is none"
        elif network.prefixlen not in known:
            lengths = ", ".join(map(str, known))
            yield (
                line,
                f"the prefix of 'dns64' has one of the lengths {lengths}, not that of {word}",
            )


def _cache_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    for word in plugin.args[:1]:
        try:
            if whole(word) <= 0:
                yield plugin.line, f"'cache' must keep answers for 1 s or more, not {word}"
        except ValueError:
            pass  # no number: then it is a zone
    for option in plugin.all("disable"):
        if option.args[:1] not in ((), ("success",), ("denial",)):
            yield option.line, "the option 'disable' of 'cache' takes 'success' or 'denial' first"
    for option in plugin.all("serve_stale"):
        if option.args[1:2] and option.args[1].lower() not in ("immediate", "verify"):
            yield option.line, "the mode of 'serve_stale' must be 'immediate' or 'verify'"


def _forward_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    for option in plugin.all("health_check"):
        words = list(option.args[1:])
        while words:
            word = words.pop(0)
            if word not in ("no_rec", "domain") or (word == "domain" and not words):
                yield option.line, f"'health_check' takes 'no_rec' and 'domain NAME', not {word!r}"
                break
            del words[: word == "domain"]
    for option in plugin.options:
        yield from _rcode_problems(option, version)
    for word in plugin.args[:1]:
        if not has_variable(word) and not zones_of([word]):
            yield plugin.line, f"'forward' needs a zone first, and {word!r} is none"
    upstreams = plugin.args[1:]
    if len(upstreams) > MOST_UPSTREAMS:
        yield plugin.line, f"'forward' takes at most {MOST_UPSTREAMS} upstreams"
    if version >= HOSTNAMES_AS_UPSTREAMS:
        return
    for word in upstreams:
        scheme = word.partition("://")[0]
        if scheme in ("https", "quic", "grpc") and "://" in word and version < MORE_SCHEMES:
            yield plugin.line, f"'forward' asks by DNS or TLS, not as {word!r} says"
        if version >= BARE_BRACKETS:
            word = without_brackets(word)
        if not has_variable(word) and not is_upstream(word):
            yield plugin.line, f"'forward' needs addresses or files, and {word!r} is neither"


def _hosts_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    ends = False
    for option in plugin.options:
        if option.name == "fallthrough":
            ends = True
        elif ends and option.name not in HOSTS_OPTIONS:
            yield option.line, "in 'hosts' no entry may stand below 'fallthrough'"
            return


def _kubernetes_problems(plugin: Plugin, block: ServerBlock, version: Version) -> Problems:
    reading = kubernetes_of(plugin, block)
    if reading.zones and all(map(is_reverse, reading.zones)):
        yield plugin.line, "'kubernetes' needs a zone that is not a reverse one"
    if reading.namespaces and reading.namespace_labels:
        yield plugin.line, "'kubernetes' takes 'namespaces' or 'namespace_labels', not both"
    for zone in reading.multicluster:
        if zone not in reading.zones:
            yield plugin.line, f"'multicluster' needs {zone} among the zones of 'kubernetes'"


def _loadbalance_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    policies = {"round_robin": OLDEST, "weighted": (1, 10, 1)}
    for word in plugin.args[:1]:
        if not has_variable(word) and version < policies.get(word, NEVER):
            known = ", ".join(name for name, since in policies.items() if version >= since)
            yield plugin.line, f"'loadbalance' must be one of {known}, not {word!r}"


def _reload_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    for word, lowest, what in zip(plugin.args, (2, 1), ("interval", "jitter"), strict=False):
        try:
            if seconds_of(word) < lowest:
                yield plugin.line, f"the {what} of 'reload' must be {lowest}s or more, not {word}"
        except ValueError:
            pass  # reported with the arguments


def _rewrite_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    words = _rule_of(plugin)
    kind = words[0].lower() if words else ""
    kinds = ["name", "class", "type", "edns0", "ttl"]
    kinds += ["cname", "rcode"] if version >= REWRITES_RCODE else []
    if not words or has_variable(words[0]):
        if not plugin.args:
            yield plugin.line, "'rewrite' needs a rule"
    elif kind not in kinds:
        yield plugin.line, f"'rewrite' has no rule {words[0]!r}, only {', '.join(kinds)}"
    elif kind in ("class", "type") and len(words) != 3:
        yield plugin.line, f"'rewrite {kind}' needs 2 arguments, but has {len(words) - 1}"
    elif len(words) < 3:
        yield plugin.line, f"'rewrite {kind}' needs 2 arguments or more"
    elif kind == "name" and len(words) > 3 and words[1].lower() not in NAME_KINDS:
        yield plugin.line, f"'rewrite name' needs one of {', '.join(NAME_KINDS)} before the names"


def _rule_of(plugin: Plugin) -> list[str]:
    """The words of a rule of rewrite, on its line or in its braces; without stop and continue."""
    words = list(plugin.args)
    if len(words) < 2:
        words += [word for option in plugin.options for word in (option.name, *option.args)]
    return words[1:] if words and words[0].lower() in ("stop", "continue") else words


def _rcode_problems(option: Option, version: Version) -> Problems:
    """The rcodes after which forward asks another upstream."""
    for word in option.args if option.name in ("next", "failover") else ():
        if has_variable(word):
            continue
        if word.upper() not in RCODES:
            yield option.line, f"'{option.name}' of 'forward' takes rcodes, and {word!r} is none"
        elif (
            word.upper() == "NOERROR"
            and option.name == "failover"
            and version >= NO_FAILOVER_ON_NOERROR
        ):
            yield option.line, "'failover' of 'forward' does not take NOERROR: that is an answer"


RULES: Mapping[str, Callable[[Plugin, ServerBlock, Version], Problems]] = {
    "cache": _cache_problems,
    "dns64": _dns64_problems,
    "forward": _forward_problems,
    "header": _header_problems,
    "hosts": _hosts_problems,
    "kubernetes": _kubernetes_problems,
    "loadbalance": _loadbalance_problems,
    "multisocket": _multisocket_problems,
    "reload": _reload_problems,
    "rewrite": _rewrite_problems,
    "secondary": _secondary_problems,
}
