"""To whom a Corefile forwards questions for names outside the cluster, and at which address."""

import ipaddress
import re

from clusterdns.corefile import Reading
from clusterdns.corefile.settings import forward_of


def root_upstreams(reading: Reading) -> list[str]:
    """Where questions for names outside go, as written, in every block of the root zone.

    There are several blocks of one zone where views are used.
    """
    found: list[str] = []
    for block in reading.blocks:
        if "." in block.zones:
            for plugin in (*block.all("forward"), *block.all("proxy")):
                forward = forward_of(plugin)
                found += forward.to if forward.zone == "." else ()
                if forward.zone == "." and not forward.next:
                    break  # a second one is never asked
    return list(dict.fromkeys(found))


def host_of(upstream: str) -> str:
    """The address in an upstream such as tls://1.1.1.1:853 or [2001:db8::1]:53; "" for a name."""
    text = upstream.rpartition("://")[2]
    bracketed = re.match(r"\[([^\]]+)\]", text)
    bare = bracketed.group(1) if bracketed else text
    if not bracketed and bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        return ""
