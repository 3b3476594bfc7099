"""Corefiles: read them, judge them for a CoreDNS version, write them."""

from clusterdns.corefile.finding import Finding
from clusterdns.corefile.fingerprint import fingerprints
from clusterdns.corefile.judge import findings
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
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.settings import Cache, Forward, Kubernetes, Reload

__all__ = [
    "Cache",
    "Corefile",
    "CorefileError",
    "Finding",
    "Forward",
    "Import",
    "Key",
    "Kubernetes",
    "Option",
    "Plugin",
    "Reading",
    "Reload",
    "ServerBlock",
    "findings",
    "fingerprints",
    "keys_of",
    "parse",
]
