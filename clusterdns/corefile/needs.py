"""Plugins and options that do nothing, or less than they seem to, without another one."""

import re
from collections.abc import Iterator

from clusterdns.corefile.directives import Version
from clusterdns.corefile.finding import Finding
from clusterdns.corefile.model import ServerBlock
from clusterdns.corefile.settings import forward_of, kubernetes_of
from clusterdns.corefile.values import upstream_host

# What plugins read of metadata: {/kubernetes/x} in log, metadata('x/y') in view, .Meta "x/y" in
# template, {kubernetes/x} in rewrite edns0.
READERS = {
    "log": re.compile(r"\{/([\w-]+/[\w/.-]+)\}"),
    "view": re.compile(r"metadata\(\s*['\"]([\w-]+/[\w/.-]+)['\"]"),
    "template": re.compile(r"\.Meta\s+\\?[\"`]([\w-]+/[\w/.-]+)\\?[\"`]"),
    "rewrite": re.compile(r"\{([\w-]+/[\w/.-]+)\}"),
}
OF_CLIENTS = "kubernetes/client-"
AUTOPATHS = ("kubernetes", "erratic")  # the plugins that say a search path
NAMES_RESOLVED: Version = (1, 14, 4)
EXTERNAL_LOOKS: Version = (1, 11, 0)  # before, `k8s_external` alone started and answered nothing


def unmet_needs(block: ServerBlock) -> Iterator[Finding]:
    """What a block has in vain, because it lacks what that needs."""
    yield from _metadata(block)
    yield from _autopath(block)
    yield from _tls(block)


def refused_needs(block: ServerBlock, version: Version) -> Iterator[Finding]:
    """What makes CoreDNS end at its start, because another plugin is not what it needs."""
    for plugin in block.all("autopath"):
        other = plugin.args[-1].removeprefix("@") if plugin.args[-1:] else ""
        if plugin.args[-1:] != (other,) and other not in AUTOPATHS and block.has(other):
            message = f"'autopath' cannot ask '{other}' for a search path"
            yield Finding("error", "autopath", plugin.line, message, "write '@kubernetes'")
    for plugin in block.all("k8s_external") if version >= EXTERNAL_LOOKS else ():
        if not block.has("kubernetes") and not block.has("import"):
            message = "'k8s_external' needs 'kubernetes' in its server block"
            remedy = "move it into the block that has 'kubernetes'"
            yield Finding("error", "k8s_external", plugin.line, message, remedy)


def _metadata(block: ServerBlock) -> Iterator[Finding]:
    for plugin in block.plugins:
        pattern = READERS.get(plugin.name)
        if pattern is None or (plugin.name == "rewrite" and "edns0" not in plugin.args):
            continue
        labels = pattern.findall(" ".join(token.text for token in plugin.tokens))
        if not labels:
            continue
        if not block.has("metadata") and not block.has("import"):
            message = f"'{plugin.name}' reads {labels[0]}, which is empty without 'metadata'"
            yield Finding("advice", plugin.name, plugin.line, message, "add 'metadata'")
        if any(label.startswith(OF_CLIENTS) for label in labels) and not _knows_pods(block):
            label = next(label for label in labels if label.startswith(OF_CLIENTS))
            message = f"'{plugin.name}' reads {label}, which is empty without 'pods verified'"
            remedy = "set 'pods verified' in 'kubernetes'"
            yield Finding("advice", plugin.name, plugin.line, message, remedy)
    if block.has("geoip") and not block.has("metadata") and not block.has("import"):
        (first, *_) = block.all("geoip")
        message = "'geoip' does nothing without 'metadata'"
        yield Finding("advice", "geoip", first.line, message, "add 'metadata'")


def _knows_pods(block: ServerBlock) -> bool:
    return any(kubernetes_of(one, block).pods == "verified" for one in block.all("kubernetes"))


def _autopath(block: ServerBlock) -> Iterator[Finding]:
    for plugin in block.all("autopath"):
        asked = plugin.args[-1] if plugin.args else ""
        if asked == "@kubernetes" and not _knows_pods(block):
            message = "'autopath @kubernetes' does nothing without 'pods verified'"
            yield Finding("advice", "autopath", plugin.line, message, "set 'pods verified'")
        elif asked.startswith("@") and not block.has(asked[1:]) and not block.has("import"):
            message = f"'autopath {asked}' does nothing: this block has no '{asked[1:]}'"
            yield Finding("advice", "autopath", plugin.line, message, "write '@kubernetes'")


def _tls(block: ServerBlock) -> Iterator[Finding]:
    for plugin in block.all("forward"):
        forward = forward_of(plugin)
        secured = [word for word in forward.to if word.startswith("tls://")]
        plain = [word for word in forward.to if word not in secured]
        asks = plugin.option("tls") or plugin.option("tls_servername")
        if not secured and asks and not _encrypted(plain):
            message = f"'{asks.name}' does nothing here: {plain[0] if plain else 'nobody'} is "
            message += "asked without TLS"
            yield Finding("advice", "forward", asks.line, message, "write tls:// before upstreams")
        elif secured and plain:
            message = f"{secured[0]} is asked by TLS, {plain[0]} in the clear"
            yield Finding("info", "forward", plugin.line, message)
        elif secured and forward.tls_servername is None and upstream_host(secured[0]):
            message = f"the certificate of {secured[0]} must be one for this address itself"
            yield Finding("info", "forward", plugin.line, message, "or add 'tls_servername'")


def _encrypted(words: list[str]) -> bool:
    return any(word.partition("://")[0] in ("https", "quic", "grpc") for word in words)


def names_as_upstreams(block: ServerBlock, version: Version, domain: str) -> Iterator[Finding]:
    """Upstreams that are names of the cluster itself: this CoreDNS is not asked for them."""
    if version < NAMES_RESOLVED:
        return  # refused
    for plugin in block.all("forward"):
        for word in () if plugin.option("resolver") else plugin.args[1:]:
            if not word.startswith("/") and _is_of_cluster(word, domain):
                message = (
                    f"{word} is a name of the cluster: CoreDNS looks it up once, when it starts, "
                    "by the resolv.conf of its pod, and ends where that does not know it"
                )
                remedy = "write the cluster IP of that Service"
                yield Finding("advice", "forward", plugin.line, message, remedy)


def _is_of_cluster(upstream: str, domain: str) -> bool:
    host = re.sub(r":[0-9]+$", "", upstream.rpartition("://")[2]).rstrip(".").lower()
    ends = (".svc", f".{domain.rstrip('.')}") if domain else (".svc",)
    return upstream_host(upstream) is None and host.endswith(ends)
