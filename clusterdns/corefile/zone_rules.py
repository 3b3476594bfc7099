"""What CoreDNS refuses of plugins that answer by themselves (plugin/NAME/setup.go)."""

import re
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_address, ip_network

from clusterdns.corefile.directives import Version
from clusterdns.corefile.dns_words import CLASSES, is_rcode, is_type
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.go_templates import fault_of_template
from clusterdns.corefile.model import Option, Plugin, ServerBlock, has_variable
from clusterdns.corefile.patterns import groups_of
from clusterdns.corefile.settings import is_within, zones_of
from clusterdns.corefile.values import is_network
from clusterdns.corefile.view_expressions import BUILTINS, FUNCTIONS, fault_of_expression

Problems = Iterator[tuple[int, str]]  # line and message

RFC6052_LENGTHS = (32, 40, 48, 56, 64, 96)
RFC6052_ONLY: Version = (1, 15, 0)  # before, every multiple of 8 from 32 to 96 was taken
WEIGHTS: Version = (1, 10, 1)
PREFERENCES: Version = (1, 12, 4)
EXPRESSIONS: Version = (1, 15, 0)  # `template` has var and expr
AZURE_CLOUDS = (
    *("AZURECHINACLOUD", "AZUREGERMANCLOUD", "AZURECLOUD", "AZUREPUBLICCLOUD", "AZURESTACKCLOUD"),
    *("AZUREUSGOVERNMENT", "AZUREUSGOVERNMENTCLOUD"),
)


def auto_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """The pattern of file names, and what it makes of them."""
    for option in plugin.all("directory"):
        words = option.args[1:]
        if any(map(has_variable, words)) or not words:
            continue
        if groups_of(words[0]) == 0:
            yield option.line, f"the pattern {words[0]!r} of 'auto' needs a group, as in db.(.*)"
        if len(words) == 1:
            yield option.line, "'directory' of 'auto' needs a template behind its pattern"


def azure_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Zones with their resource groups, and the cloud's name."""
    yield from _hosted_zones(plugin, 2, "GROUP:ZONE")
    for option in plugin.all("environment"):
        for word in option.args[:1]:
            if word.upper() not in AZURE_CLOUDS and not has_variable(word):
                yield option.line, f"'environment' of 'azure' names a cloud, and {word!r} is none"
    yield from _refresh_problems(plugin)


def clouddns_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Zones with project and name."""
    yield from _hosted_zones(plugin, 3, "ZONE:PROJECT:NAME")
    yield from _refresh_problems(plugin)


def route53_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Zones with their ids."""
    yield from _hosted_zones(plugin, 2, "ZONE:ID")
    yield from _refresh_problems(plugin)


def _hosted_zones(plugin: Plugin, parts: int, shape: str) -> Problems:
    for at, word in enumerate(plugin.args):
        if has_variable(word):
            continue
        found = word.split(":", parts - 1)
        if len(found) != parts or "" in found:
            yield plugin.line, f"'{plugin.name}' takes zones as {shape}, not {word!r}"
        elif word in plugin.args[:at]:
            yield plugin.line, f"the zone {word!r} of '{plugin.name}' stands twice"


def _refresh_problems(plugin: Plugin) -> Problems:
    for option in plugin.all("refresh"):
        for word in option.args[:1]:
            if has_variable(word):
                continue
            try:
                seconds = seconds_of(word + "s" if re.fullmatch(r"[+-]?[0-9]+", word) else word)
            except ValueError:
                seconds = 0
            if seconds <= 0:
                yield (
                    option.line,
                    f"'refresh' of '{plugin.name}' needs a time above 0, not {word!r}",
                )


def dns64_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Prefixes of IPv6, with lengths that the version takes."""
    known = RFC6052_LENGTHS if version >= RFC6052_ONLY else tuple(range(32, 97, 8))
    stated = [(plugin.line, word) for word in plugin.args[:1]]
    stated += [(one.line, word) for one in plugin.all("prefix") for word in one.args[:1]]
    for line, word in stated:
        yield from ((line, fault) for fault in _faults_of_prefix("dns64", word, known))


def _faults_of_prefix(name: str, word: str, known: tuple[int, ...]) -> Iterator[str]:
    if has_variable(word):
        return
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        yield f"'{name}' needs an IPv6 prefix, and {word!r} is none"
        return
    if "/" not in word or not isinstance(network, IPv6Network):
        yield f"'{name}' needs an IPv6 prefix with its length, and {word!r} is none"
    elif network.prefixlen not in known:
        lengths = ", ".join(map(str, known))
        yield f"the prefix of '{name}' has one of the lengths {lengths}, not that of {word}"
    elif name == "siit" and network.network_address.packed[8]:
        yield f"the ninth octet of the prefix of 'siit' must be 0, and in {word} it is not"


def siit_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """The prefix, and pairs of an IPv4 and an IPv6 address."""
    for option in plugin.all("ipv6_prefix"):
        for word in option.args[:1]:
            faults = _faults_of_prefix("siit", word, RFC6052_LENGTHS)
            yield from ((option.line, fault) for fault in faults)
    for option in plugin.all("eam"):
        for word, wanted in zip(option.args, (4, 6), strict=False):
            if not has_variable(word) and _family(word) != wanted:
                yield option.line, f"'eam' of 'siit' needs an IPv{wanted} address, not {word!r}"


def _family(word: str) -> int:
    """4 or 6 for an address; 0 for none."""
    try:
        return ip_address(word).version
    except ValueError:
        return 0


def dynupdate_problems(plugin: Plugin, block: ServerBlock, version: Version) -> Problems:
    """A zone, its file and who may change what."""
    if plugin.option("import") or any(map(has_variable, plugin.args)):
        return
    zones = zones_of(plugin.args) if plugin.args else block.zones
    if len(zones) != 1:
        yield plugin.line, "'dynupdate' needs one zone, and has " + (", ".join(zones) or "none")
    if not plugin.all("file"):
        yield plugin.line, "'dynupdate' needs 'file NAME' in its block"
    if not plugin.all("allow"):
        yield plugin.line, "'dynupdate' needs 'allow KEY NAME TYPE' in its block"
    seen: set[str] = set()
    for option in plugin.options:
        if option.name in seen and option.name != "allow":
            yield option.line, f"'{option.name}' of 'dynupdate' may stand only once"
        seen.add(option.name)
        if option.name != "allow" or len(option.args) < 3 or len(zones) != 1:
            continue
        key, name, *types = option.args
        if key.strip() in ("", "*", "@"):
            yield option.line, f"'allow' of 'dynupdate' needs a key, and {key!r} is none"
        if name not in ("*", "@") and not is_within(name, zones[0]):
            yield option.line, f"{name!r} of 'allow' is not in the zone {zones[0]}"
        for word in types:
            if word == "*" and len(types) > 1:
                yield option.line, "'*' of 'allow' must be the only type"
            elif word != "*" and not is_type(word.upper(), version):
                yield option.line, f"'allow' of 'dynupdate' takes types, and {word!r} is none"


def loadbalance_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """The policy, its file, and networks that come first."""
    policies = ["round_robin"] + (["weighted"] if version >= WEIGHTS else [])
    for word in plugin.args[:1]:
        if has_variable(word):
            return
        if word not in policies and version < WEIGHTS and len(plugin.args) > 1 and plugin.options:
            return  # these versions look no closer
        if word not in policies:
            known = ", ".join(policies)
            yield plugin.line, f"'loadbalance' must be one of {known}, not {word!r}"
            return
    weighted = plugin.args[:1] == ("weighted",)
    if weighted and len(plugin.args) != 2:
        yield plugin.line, "'loadbalance weighted' needs a file, and nothing else"
    elif not weighted and len(plugin.args) > 1:
        yield plugin.line, f"'loadbalance {plugin.args[0]}' takes nothing behind it"
    reads = {"reload"} if weighted else {"prefer"} if version >= PREFERENCES else set()
    for option in plugin.options if weighted or version >= PREFERENCES else ():
        if option.name not in (*reads, "import"):
            yield option.line, f"'loadbalance' has no option {option.name!r} here"
        for word in option.args if option.name == "prefer" else ():
            if not has_variable(word) and not is_network(word):
                yield option.line, f"'prefer' of 'loadbalance' takes networks, not {word!r}"


def template_problems(plugin: Plugin, _block: ServerBlock, version: Version) -> Problems:
    """Class, type, templates and rcode."""
    for word in plugin.args[:1]:
        if not has_variable(word) and word not in CLASSES:
            yield plugin.line, f"'template' needs a class first, such as IN, and not {word!r}"
    for word in plugin.args[1:2]:
        if not has_variable(word) and not is_type(word, version):
            yield plugin.line, f"'template' needs a type behind the class, and {word!r} is none"
    for option in plugin.options:
        if option.name == "rcode":
            for word in option.args[:1]:
                if not has_variable(word) and not (word.isupper() and is_rcode(word, version)):
                    yield option.line, f"'rcode' of 'template' takes an rcode, not {word!r}"
        elif option.name == "ederror":
            for word in option.args[:1]:
                if word.isdigit() and int(word) > 65535:
                    yield option.line, f"'ederror' of 'template' takes 0 to 65535, not {word}"
        elif option.name in ("answer", "additional", "authority"):
            yield from ((option.line, fault) for fault in _faults_of_templates(option))
        elif option.name in ("var", "expr") and version >= EXPRESSIONS:
            yield from ((option.line, fault) for fault in _faults_of_variable(option))


def _faults_of_variable(option: Option) -> Iterator[str]:
    words = option.args
    if any(map(has_variable, words)):
        return
    if option.name == "var":
        if words and not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", words[0]):
            yield f"'var' of 'template' needs a name, and {words[0]!r} is none"
        elif words and words[0] in (*FUNCTIONS, "group", *BUILTINS):
            yield f"'var' of 'template' cannot be {words[0]!r}: that is a function's name"
        words = words[1:]
    fault = fault_of_expression(" ".join(words), names=None) if words else None
    if fault is not None:
        yield f"the expression of '{option.name}' {fault}"


def sign_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Keys come from files alone."""
    for option in plugin.all("key"):
        if option.args[:1] == ("directory",):
            yield option.line, "'key' of 'sign' takes 'file NAME', not 'directory'"
        elif option.args == ("file",):
            yield option.line, "'key file' of 'sign' names no file"


def dnssec_problems(plugin: Plugin, _block: ServerBlock, _version: Version) -> Problems:
    """Keys come from files, or from a manager of secrets."""
    for option in plugin.all("key"):
        if option.args in (("file",), ("aws_secretsmanager",)):
            yield option.line, f"'key {option.args[0]}' of 'dnssec' names no key"
        elif len(option.args) > 1 and option.args[0] not in ("file", "aws_secretsmanager"):
            yield option.line, f"'key' of 'dnssec' takes 'file NAME', not {option.args[0]!r}"


def _faults_of_templates(option: Option) -> Iterator[str]:
    for word in option.args:
        fault = None if has_variable(word) else fault_of_template(word)
        if fault is not None:
            yield f"the template {word!r} of '{option.name}' {fault}"
