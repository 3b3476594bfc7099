"""The keys of server blocks: scheme, zone or network, port (CoreDNS ``plugin/normalize.go``)."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from clusterdns.corefile.lexer import Token
from clusterdns.corefile.model import (
    DEFAULT_PORTS,
    CorefileError,
    Key,
    Scheme,
    has_variable,
)

_PORT = re.compile(r"(.*):([+-]?[0-9]+)", re.DOTALL)


def key_of(token: Token) -> Key:
    """The key that a word is.

    Raises CorefileError for what is no zone, as CoreDNS would.
    """
    text = token.text
    scheme, rest = _scheme(text)
    if has_variable(text):
        return Key(text, scheme, (text,), DEFAULT_PORTS[scheme], token.place)
    try:
        zones, port = zones_and_port(rest)
    except ValueError as problem:
        raise CorefileError(token.line, f"{text!r} {problem}", token.file) from None
    return Key(text, scheme, zones, port or DEFAULT_PORTS[scheme], token.place)


def zones_and_port(text: str) -> tuple[tuple[str, ...], int | None]:
    """The zones and port that an address without scheme means; networks become reverse zones.

    Raises ValueError, worded to follow the address, for what is no zone.
    """
    if text.endswith(":"):
        raise ValueError("ends with a colon: a port must follow it")
    port = None
    if match := _PORT.fullmatch(text):
        text, port = match[1], int(match[2])
    if not is_domain_name(text):
        hint = ": a space is missing before '{'" if text.endswith("{") else ""
        raise ValueError(f"is not a zone{hint}")
    network = _network(text)
    if network is None:
        return (text if text.endswith(".") else text + ".",), port
    if text[0] == ":" or (text[0] == "0" and ":" in text):
        raise ValueError("is not a network that CoreDNS accepts")
    return reverse_zones(network), port


def reverse_zones(network: IPv4Network | IPv6Network) -> tuple[str, ...]:
    """The zones whose names are the addresses of a network; several when it ends in mid-label."""
    bits = 8 if network.version == 4 else 4
    prefix = -(-network.prefixlen // bits) * bits
    return tuple(_reverse(part, prefix // bits) for part in network.subnets(new_prefix=prefix))


def zones_of_network_before_185(key: Key) -> tuple[str, ...] | None:
    """The one zone that CoreDNS before 1.8.5 made of a network; None: the key is no network.

    It left out whole labels only, and rounded (``SplitHostPort`` in plugin/normalize.go), so that
    two networks could become one zone. An IPv4 address keeps its first octets as written.
    """
    _, rest = _scheme(key.text)
    if match := _PORT.fullmatch(rest):
        rest = match[1]
    network = _network(rest)
    if network is None:
        return None
    size = 8 if network.version == 4 else 4
    host = network.max_prefixlen - network.prefixlen
    left_out = (host + host % size) // size
    name = ip_address(rest.partition("/")[0]).reverse_pointer
    return (".".join(name.split(".")[left_out:]) + ".",)


def is_domain_name(text: str) -> bool:
    """What the DNS library of CoreDNS takes for a name (miekg/dns ``IsDomainName``)."""
    backslashes = len(text) - len(text.rstrip("\\"))
    if not text or (text.startswith(".") and text != ".") or backslashes % 2:
        return False
    labels = _labels(text.removesuffix(".") if not text.endswith("\\.") else text)
    if text == ".":
        return True
    return all(0 < size < 64 for size in labels) and sum(labels) + len(labels) + 1 <= 255


def _labels(text: str) -> list[int]:
    r"""The length of each label, escapes such as ``\\.`` and ``\\046`` counted as one octet."""
    octets = re.sub(rb"\\([0-9]{3}|.)", b"x", text.encode(), flags=re.DOTALL)
    return [len(label) for label in octets.split(b".")]


def _scheme(text: str) -> tuple[Scheme, str]:
    for scheme in DEFAULT_PORTS:
        if text.startswith(scheme + "://"):
            return scheme, text[len(scheme) + 3 :]
    return "dns", text


def _network(text: str) -> IPv4Network | IPv6Network | None:
    _, slash, prefix = text.partition("/")
    if not slash or not prefix.isascii() or not prefix.isdigit():
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _reverse(network: IPv4Network | IPv6Network, labels: int) -> str:
    if network.version == 4:
        parts = str(network.network_address).split(".")[:labels]
        return ".".join([*reversed(parts), "in-addr.arpa."])
    digits = list(network.network_address.exploded.replace(":", ""))[:labels]
    return ".".join([*reversed(digits), "ip6.arpa."])
