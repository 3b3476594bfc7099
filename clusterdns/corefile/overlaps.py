"""Server blocks that collide: CoreDNS refuses them, or one of them is never asked.

The rules are those of CoreDNS' core/dnsserver (address.go, register.go, server.go).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clusterdns.corefile.directives import Version
from clusterdns.corefile.finding import Finding, place_in_words
from clusterdns.corefile.keys import zones_of_network_before_185
from clusterdns.corefile.model import Corefile, Key, Scheme, ServerBlock, has_variable

VIEWS: Version = (1, 10, 0)
# From here on a block with `view` may stand behind one without: register.go, coredns#8001.
VIEWS_ANYWHERE: Version = (1, 14, 3)
WHOLE_NETWORKS: Version = (1, 8, 5)  # plugin/pkg/cidr
LETTERS_ALIKE: Version = (1, 14, 7)  # zones are compared without the case of their letters
TLS_COMPARED: Version = (1, 15, 0)  # blocks that share a listener must agree about TLS
LAST_PORT = 65535


@dataclass(frozen=True)
class _Listener:
    """A zone on a port and an address; no address: all of them."""

    scheme: Scheme
    zone: str  # as it is written, or in lower case where letters are alike
    port: int
    address: str

    @property
    def everywhere(self) -> "_Listener":
        return _Listener(self.scheme, self.zone, self.port, "")


@dataclass(frozen=True)
class _Taken:
    """Who listens there already, and where."""

    listener: _Listener
    line: int


def refused_overlaps(corefile: Corefile, version: Version) -> Iterator[Finding]:
    """Blocks for which this version does not start: two serve one zone at one place.

    One that is bound to no address overlaps with all others of its zone and port.
    """
    exact: dict[_Listener, _Taken] = {}
    anywhere: dict[_Listener, _Taken] = {}
    for block in corefile.blocks:
        seen = version >= VIEWS and block.has("view")
        for key, listener in _listeners(block, version):
            taken = _collision(listener, exact, anywhere)
            if taken is None:
                if not seen:
                    exact[listener] = anywhere[listener.everywhere] = _Taken(listener, key.line)
            elif not seen:
                yield _refused(listener, key, taken, "merge the two blocks")
            elif version < VIEWS_ANYWHERE or taken.listener != listener:
                yield _refused(listener, key, taken, "move the block with 'view' above that one")


def refused_ports(corefile: Corefile) -> Iterator[Finding]:
    """Keys with a port that there is not: CoreDNS reads them, and ends when it should listen."""
    for block in corefile.blocks:
        for key in block.keys:
            if not key.unresolved and not 0 <= key.port <= LAST_PORT:
                message = f"the port of {key.text!r} must be from 0 to {LAST_PORT}"
                yield Finding("error", "", key.line, message)


def refused_tls(corefile: Corefile, version: Version) -> Iterator[Finding]:
    """Blocks that share a listener, and say other things about TLS (core/dnsserver/tlsconfig.go).

    TLS is agreed upon before the zone is known. What ACME gets is not compared here.
    """
    if version < TLS_COMPARED:
        return
    first: dict[tuple[Scheme, int, str], tuple[int, tuple[str, ...]]] = {}
    for block in corefile.blocks:
        told = _tls_of(block)
        if told is None:
            continue
        for key, listener in _listeners(block, version):
            if key.scheme in ("dns", "unix"):
                continue
            place = (listener.scheme, listener.port, listener.address)
            line, other = first.setdefault(place, (key.line, told))
            if other != told:
                where = place_in_words(line, beside=key.line)
                message = (
                    f"{listener.scheme} on port {listener.port} is served by the block of {where}, "
                    "too, and 'tls' of the two differs"
                )
                remedy = "give both the same certificate and client_auth, or their own ports"
                yield Finding("error", "tls", key.line, message, remedy, (line,))
                break


def _tls_of(block: ServerBlock) -> tuple[str, ...] | None:
    """The files and the client's part of TLS; empty: no TLS; None: not known."""
    uses = block.all("tls")
    if not uses:
        return None if block.has("import") else ()
    if not uses[-1].args or any(map(has_variable, uses[-1].args)):
        return None
    asked = uses[-1].option("client_auth")
    return (*uses[-1].args, "client_auth", *(asked.args if asked else ("nocert",)))


def unreached_views(corefile: Corefile, version: Version) -> Iterator[Finding]:
    """Blocks with ``view`` behind one that takes all questions: blocks are tried in their order."""
    if version < VIEWS_ANYWHERE:
        return
    taking: dict[_Listener, int] = {}
    for block in corefile.blocks:
        lost = []
        for key, listener in _listeners(block, version):
            if not block.has("view"):
                taking.setdefault(listener, key.line)
            elif listener in taking:
                lost.append((listener, taking[listener], key))
        for listener, line, key in lost[:1]:
            where = place_in_words(line, beside=key.line)
            message = (
                f"this block with 'view' is never asked: the block of {listener.zone} in {where} "
                "stands above it and takes every question"
            )
            remedy = "move the block with 'view' above that one"
            yield Finding("advice", "view", key.line, message, remedy, (line,))


def _refused(listener: _Listener, key: Key, taken: _Taken, remedy: str) -> Finding:
    where = place_in_words(taken.line, beside=key.line)
    message = f"{listener.zone} on port {listener.port} is already served by the block of {where}"
    mine, other = listener.address, taken.listener.address
    if mine != other:
        message += f": {mine or 'all addresses'} and {other or 'all addresses'} overlap"
        remedy = f"give both blocks a 'bind', or {remedy}"
    return Finding("error", "", key.line, message, remedy, (taken.line,))


def _collision(
    listener: _Listener, exact: dict[_Listener, _Taken], anywhere: dict[_Listener, _Taken]
) -> _Taken | None:
    if listener in exact:
        return exact[listener]
    if not listener.address:
        return anywhere.get(listener)
    return exact.get(listener.everywhere)


def _listeners(block: ServerBlock, version: Version) -> Iterator[tuple[Key, _Listener]]:
    """Every place of a block; what only the pod knows (variables, exceptions) is left out."""
    binds = block.all("bind")
    if any(bind.options for bind in binds):
        return
    addresses = [word for bind in binds for word in bind.args] or [""]
    for key in block.keys:
        if key.unresolved:
            continue
        rounded = zones_of_network_before_185(key) if version < WHOLE_NETWORKS else None
        for zone in rounded or key.zones:
            zone = zone.lower() if version >= LETTERS_ALIKE else zone
            for address in addresses:
                yield key, _Listener(key.scheme, zone, key.port, address)
