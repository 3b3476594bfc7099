"""Upstreams that are asked by TLS, and why the two do not come to terms."""

from clusterdns.corefile.finding import file_of, place_in_words
from clusterdns.corefile.settings import forward_of
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import OUTSIDE, bad_outside, outside_failed
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.diagnosis.running import edit_file, with_note

# What Go's crypto/x509 and crypto/tls say.
NAME = r"x509: certificate is (valid for|not valid for any names)|x509: cannot validate certificate"
ISSUER = r"x509: certificate signed by unknown authority|x509: certificate is not trusted"
TIME = r"x509: certificate has expired or is not yet valid"
NO_TLS = r"tls: first record does not look like a TLS handshake|remote error: tls:"


@cause("upstream-tls", "upstream", leads_to=("upstream-unreachable", "upstream-one-dead"))
def tls(facts: Facts) -> Finding | None:
    """The upstream is asked by TLS, and the connection fails for a reason of TLS."""
    forwards = [
        (plugin, forward_of(plugin))
        for _, plugin in (facts.reading.plugins("forward") if facts.reading else ())
    ]
    secured = [(plugin, one) for plugin, one in forwards if any("tls://" in to for to in one.to)]
    lines = facts.log_lines("|".join((NAME, ISSUER, TIME, NO_TLS)), most=3)
    if not secured or not lines or not (bad_outside(facts) or outside_failed(facts)):
        return None
    plugin, forward = secured[0]
    to = ", ".join(word for word in forward.to if "tls://" in word)
    reasons = {
        NAME: ("its certificate is for another name", "write its name: tls_servername NAME"),
        ISSUER: ("nobody whom CoreDNS trusts issued its certificate", "name its CA: tls CA-FILE"),
        TIME: ("its certificate is not valid at this time", "have it renewed, or mend the clocks"),
        NO_TLS: ("it speaks no TLS that CoreDNS takes", "look at its port and its TLS versions"),
    }
    why, remedy = next(words for sign, words in reasons.items() if facts.log_lines(sign, most=1))
    name = forward.tls_servername
    return Finding(
        f"CoreDNS asks {to} by TLS, and {why}: names outside the cluster do not resolve.",
        (
            *lines,
            f"{place_in_words(plugin.line)}: "
            + (f"tls_servername {name}" if name else "no tls_servername, so the address is meant"),
        ),
        (with_note(edit_file(facts, file_of(plugin.line)), remedy), *after_edit(facts)),
        OUTSIDE,
    )
