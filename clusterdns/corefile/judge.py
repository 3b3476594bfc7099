"""Every remark about a Corefile, for the CoreDNS version that runs it."""

from collections.abc import Collection

from clusterdns.corefile.advice import advice
from clusterdns.corefile.directives import version_of
from clusterdns.corefile.finding import Finding
from clusterdns.corefile.model import Corefile
from clusterdns.corefile.refusals import misread, refusals

_ORDER = {"error": 0, "advice": 1, "info": 2}


def findings(
    corefile: Corefile,
    version: str,
    *,
    dns_addresses: Collection[str] = (),
    extra_plugins: Collection[str] = (),
) -> list[Finding]:
    """Errors first, then advice, then what is just worth knowing; by line within each.

    ``version``: of the CoreDNS that reads it, such as ``1.12.1`` or ``v1.9.3-build.2``; raises
    ValueError for what is no version. ``dns_addresses``: of the cluster's DNS Service and
    replicas. ``extra_plugins``: what this build of CoreDNS has beyond its version's own.
    """
    asked = version_of(version)
    if (first := misread(corefile, asked, extra_plugins)) is not None:
        return [first]
    found = [*refusals(corefile, asked, extra_plugins), *advice(corefile, asked, dns_addresses)]
    return sorted(dict.fromkeys(found), key=lambda one: (_ORDER[one.level], one.file, one.line))
