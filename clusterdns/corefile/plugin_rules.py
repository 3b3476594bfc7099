"""What CoreDNS refuses of single plugins by rules that no table holds (plugin/NAME/setup.go)."""

from collections.abc import Callable, Iterator, Mapping

from clusterdns.corefile import rewrite_rules, server_rules, upstream_rules, zone_rules
from clusterdns.corefile.directives import Version
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.finding import Finding
from clusterdns.corefile.model import Option, Plugin, ServerBlock, has_variable
from clusterdns.corefile.patterns import LONGEST_PATTERN, fault_of_pattern
from clusterdns.corefile.rewrite_rules import PATTERNS_LIMITED
from clusterdns.corefile.selectors import fault_of_selector
from clusterdns.corefile.settings import kubernetes_of
from clusterdns.corefile.values import whole
from clusterdns.corefile.view_expressions import fault_of_expression

HOSTS_OPTIONS = ("no_reverse", "ttl", "reload", "fallthrough_unsupported", "import")
PATTERNS_OF_AUTO_LIMITED: Version = (1, 13, 2)
MOST_SOCKETS = 1024
SOCKETS_LIMITED: Version = (1, 13, 2)
HEADER_NEEDS_SELECTOR: Version = (1, 12, 4)
FLAGS = ("aa", "ra", "rd")  # that header may set and clear
STALE_TTL: Version = (1, 14, 7)  # `serve_stale` takes a TTL and a time to ask again
# From the first to before the second, it counted the zones of `cache` as its own arguments.
KEEPTTL_WITHOUT_ZONES: tuple[Version, Version] = ((1, 10, 1), (1, 11, 1))
NO_JITTER: Version = (1, 14, 2)  # a jitter of 0 is none
ZONAL: Version = (1, 14, 7)
HOSTS_PASS_TYPES_ON: Version = (1, 14, 7)

BELOW_REVERSE = (".in-addr.arpa.", ".ip6.arpa.")

Problems = Iterator[tuple[int, str]]  # line and message


def special_refusals(plugin: Plugin, block: ServerBlock, version: Version) -> Iterator[Finding]:
    """For what of this plugin, known to this version, CoreDNS does not start."""
    judge = RULES.get(plugin.name)
    for line, message in judge(plugin, block, version) if judge is not None else ():
        yield Finding("error", plugin.name, line, message)
    for line, message in _bad_patterns(plugin, version):
        yield Finding("error", plugin.name, line, message)


def _bad_patterns(plugin: Plugin, version: Version) -> Problems:
    """Regular expressions of template, errors and auto that are none, or too long."""
    since = PATTERNS_OF_AUTO_LIMITED if plugin.name == "auto" else PATTERNS_LIMITED
    for line, pattern in _patterns(plugin):
        length = len(pattern.encode())
        if version >= since and length > LONGEST_PATTERN:
            yield (
                line,
                f"a regular expression of '{plugin.name}' has {length} characters, and may "
                f"have {LONGEST_PATTERN}",
            )
        elif not has_variable(pattern) and (fault := fault_of_pattern(pattern)) is not None:
            yield line, f"the regular expression {pattern!r} of '{plugin.name}' {fault}"


def _patterns(plugin: Plugin) -> Iterator[tuple[int, str]]:
    if plugin.name == "template":
        yield from ((one.line, word) for one in plugin.all("match") for word in one.args)
    elif plugin.name == "errors":
        yield from ((one.line, word) for one in plugin.all("consolidate") for word in one.args[1:2])
    elif plugin.name == "auto":
        yield from ((one.line, word) for one in plugin.all("directory") for word in one.args[1:2])


def _rewrite_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    yield from ((plugin.line, fault) for fault in rewrite_rules.faults_of_rule(plugin, version))


def _multisocket_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    if version < SOCKETS_LIMITED:
        return
    for word in plugin.args[:1]:
        try:
            if whole(word) > MOST_SOCKETS:
                yield plugin.line, f"'multisocket' opens at most {MOST_SOCKETS} sockets, not {word}"
        except ValueError:
            pass  # reported with the arguments


def _header_problems(plugin: Plugin, block: ServerBlock, version: Version) -> Problems:
    if not any(one.options for one in block.all("header")):
        yield plugin.line, "'header' needs a rule, such as 'response set ra'"
    first = next((one for one in block.all("header") if one.options), plugin)
    for option in plugin.options if plugin is first else ():
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


def _cache_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    for word in plugin.args[:1]:
        try:
            if whole(word) <= 0:
                yield plugin.line, f"'cache' must keep answers for 1 s or more, not {word}"
        except ValueError:
            pass  # no number: then it is a zone
    zones = plugin.args[1:] if plugin.args and _is_whole(plugin.args[0]) else plugin.args
    if zones and KEEPTTL_WITHOUT_ZONES[0] <= version < KEEPTTL_WITHOUT_ZONES[1]:
        for option in plugin.all("keepttl"):
            yield option.line, f"'keepttl' of 'cache' is refused beside zones, such as {zones[0]!r}"
    for option in plugin.all("disable"):
        if option.args[:1] not in ((), ("success",), ("denial",)):
            yield option.line, "the option 'disable' of 'cache' takes 'success' or 'denial' first"
    for option in plugin.all("serve_stale"):
        yield from ((option.line, fault) for fault in _faults_of_stale(option, version))
    policies = plugin.all("serve_stale_policy")
    if policies and not plugin.all("serve_stale") and not plugin.option("import"):
        yield policies[0].line, "'serve_stale_policy' of 'cache' needs 'serve_stale'"
    for option in policies[1:]:
        yield option.line, "'serve_stale_policy' of 'cache' may stand only once"


def _is_whole(word: str) -> bool:
    try:
        whole(word)
    except ValueError:
        return False
    return True


def _faults_of_stale(option: Option, version: Version) -> Iterator[str]:
    """The words behind the time: a mode, a timeout when it verifies, a TTL, a time to wait."""
    words = option.args[1:]
    if any(map(has_variable, words)) or not words:
        return
    mode, *times = words
    if mode.lower() not in ("immediate", "verify"):
        yield "the mode of 'serve_stale' must be 'immediate' or 'verify'"
        return
    verifies = mode.lower() == "verify"
    if version < STALE_TTL:
        if times and not verifies:
            yield "'serve_stale' takes a timeout behind 'verify' only"
            return
    elif len(times) > (3 if verifies else 2):
        yield "'serve_stale immediate' takes a TTL and a time to wait, and no more"
        return
    names = ["timeout"] if verifies else []
    for word, name in zip(times, [*names, "TTL", "time to wait"], strict=False):
        try:
            seconds = seconds_of(word)
        except ValueError:
            seconds = -1
        fractions = name == "TTL" and seconds != int(seconds)
        if seconds < 0 or fractions or (name == "time to wait" and seconds > 300):
            yield f"the {name} of 'serve_stale' cannot be {word}"


def _hosts_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    ends = False
    for option in plugin.options:
        if option.name == "fallthrough":
            ends = True
        elif ends and option.name not in HOSTS_OPTIONS:
            yield option.line, "in 'hosts' no entry may stand below 'fallthrough'"
            return
    alone = plugin.all("fallthrough_unsupported") if version >= HOSTS_PASS_TYPES_ON else ()
    if alone and not ends and not plugin.option("import"):
        yield alone[0].line, "'fallthrough_unsupported' of 'hosts' needs 'fallthrough'"


def _kubernetes_problems(plugin: Plugin, block: ServerBlock, version: Version) -> Problems:
    reading = kubernetes_of(plugin, block)
    # in-addr.arpa itself is none for CoreDNS, only what is below it
    if reading.zones and all(zone.endswith(BELOW_REVERSE) for zone in reading.zones):
        yield plugin.line, "'kubernetes' needs a zone that is not a reverse one"
    if reading.namespaces and reading.namespace_labels:
        yield plugin.line, "'kubernetes' takes 'namespaces' or 'namespace_labels', not both"
    stated = plugin.option("multicluster")
    for zone in reading.multicluster:
        if zone not in reading.zones and stated is not None:
            yield stated.line, f"'multicluster' needs {zone} among the zones of 'kubernetes'"
    for name in ("labels", "namespace_labels"):
        for option in plugin.all(name):
            fault = fault_of_selector(" ".join(option.args))
            if fault is not None and not any(map(has_variable, option.args)):
                yield option.line, f"'{name}' of 'kubernetes' {fault}"
    zonal = plugin.option("zonal")
    if version >= ZONAL and zonal is not None and plugin.option("noendpoints"):
        yield zonal.line, "'zonal' of 'kubernetes' needs endpoints: remove 'noendpoints'"


def _reload_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    for word, lowest, what in zip(plugin.args, (2, 1), ("interval", "jitter"), strict=False):
        try:
            seconds = seconds_of(word)
        except ValueError:
            continue  # reported with the arguments
        if what == "jitter" and seconds == 0 and version >= NO_JITTER:
            continue
        if seconds < lowest:
            yield plugin.line, f"the {what} of 'reload' must be {lowest}s or more, not {word}"


def _view_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    for option in plugin.all("expr"):
        words = " ".join(option.args)
        fault = None if has_variable(words) else fault_of_expression(words)
        if fault is not None:
            yield option.line, f"the expression of 'view' {fault}"


RULES: Mapping[str, Callable[[Plugin, ServerBlock, Version], Problems]] = {
    "acl": server_rules.acl_problems,
    "auto": zone_rules.auto_problems,
    "azure": zone_rules.azure_problems,
    "bind": server_rules.bind_problems,
    "cache": _cache_problems,
    "cancel": server_rules.cancel_problems,
    "clouddns": zone_rules.clouddns_problems,
    "dns64": zone_rules.dns64_problems,
    "dnssec": zone_rules.dnssec_problems,
    "dnstap": server_rules.dnstap_problems,
    "dynupdate": zone_rules.dynupdate_problems,
    "errors": server_rules.errors_problems,
    "etcd": server_rules.etcd_problems,
    "forward": upstream_rules.forward_problems,
    "grpc": upstream_rules.grpc_problems,
    "grpc_server": server_rules.listener_problems,
    "header": _header_problems,
    "hosts": _hosts_problems,
    "https": server_rules.listener_problems,
    "https3": server_rules.listener_problems,
    "kubernetes": _kubernetes_problems,
    "loadbalance": zone_rules.loadbalance_problems,
    "multisocket": _multisocket_problems,
    "on": server_rules.on_problems,
    "proxyproto": server_rules.proxyproto_problems,
    "quic": server_rules.listener_problems,
    "reload": _reload_problems,
    "rewrite": _rewrite_problems,
    "route53": zone_rules.route53_problems,
    "secondary": upstream_rules.secondary_problems,
    "shed": server_rules.shed_problems,
    "sign": zone_rules.sign_problems,
    "siit": zone_rules.siit_problems,
    "template": zone_rules.template_problems,
    "timeouts": server_rules.timeouts_problems,
    "tls": server_rules.tls_problems,
    "trace": server_rules.trace_problems,
    "transfer": upstream_rules.transfer_problems,
    "tsig": server_rules.tsig_problems,
    "view": _view_problems,
}
