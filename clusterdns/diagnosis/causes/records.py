"""Records that are legal to lack, or that a setting of the kubernetes plugin takes away."""

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.diagnosis.scopes import Scope, about, is_reverse
from clusterdns.diagnosis.upstreams import root_upstreams


@cause("reverse-no-fallthrough", "records")
def reverse(facts: Facts) -> Finding | None:
    """PTR questions for addresses outside the cluster are denied instead of forwarded."""
    if facts.reading is None or not root_upstreams(facts.reading):
        return None
    owned = facts.reading.kubernetes("2.0.192.in-addr.arpa.")
    if owned is None or owned.falls_through("1.2.0.192.in-addr.arpa."):
        return None
    return Finding(
        "PTR questions for addresses outside the cluster are denied: kubernetes owns all reverse "
        "zones and lets none fall through.",
        (f"kubernetes {' '.join(owned.zones)}, fallthrough: {owned.fallthrough or 'none'}",),
        (
            f"{facts.edit_corefile}  # into kubernetes: fallthrough in-addr.arpa ip6.arpa",
            *after_edit(facts),
        ),
        Scope(
            about(
                "corefile-advice",
            ),
            lambda cell: is_reverse(cell) and cell.rcode == "NXDOMAIN",
        ),
    )


@cause("ignore-empty-service", "records", leads_to=("watch-frozen",))
def ignores_empty(facts: Facts) -> Finding | None:
    """Services without a ready pod do not exist, by the Corefile's own word."""
    kubernetes = facts.reading.kubernetes(f"{facts.domain}.") if facts.reading else None
    if kubernetes is None or not kubernetes.ignore_empty_service:
        return None
    return Finding(
        "The Corefile says ignore empty_service: a Service without a ready pod is NXDOMAIN.",
        ("ignore empty_service in the block of kubernetes",),
        (f"{facts.edit_corefile}  # take it out if clients cannot live with that",),
        Scope(
            about("short-names"),
            lambda cell: cell.rcode == "NXDOMAIN" and cell.wanted_rcode != "NXDOMAIN",
        ),
    )
