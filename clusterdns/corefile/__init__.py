"""Corefiles: read them, judge them for a CoreDNS version, write them."""

from clusterdns.corefile.model import (
    Corefile,
    CorefileError,
    Import,
    Key,
    Option,
    Plugin,
    ServerBlock,
)
from clusterdns.corefile.parser import keys_of, parse

__all__ = [
    "Corefile",
    "CorefileError",
    "Import",
    "Key",
    "Option",
    "Plugin",
    "ServerBlock",
    "keys_of",
    "parse",
]
