"""Types, classes, opcodes and rcodes that the DNS library of CoreDNS knows by name (miekg/dns)."""

from clusterdns.corefile.directives import Version

CLASSES = ("IN", "CS", "CH", "HS", "NONE", "ANY")
OPCODES = ("QUERY", "IQUERY", "STATUS", "NOTIFY", "UPDATE")
RCODES = (
    *("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "NOTIMPL", "REFUSED", "YXDOMAIN"),
    *("YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "BADSIG", "BADKEY", "BADTIME", "BADMODE"),
    *("BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE"),
)
TYPES = frozenset(
    """
    A AAAA AFSDB AMTRELAY ANY APL ATMA AVC AXFR CAA CDNSKEY CDS CERT CNAME CSYNC DHCID
    DLV DNAME DNSKEY DS EID EUI48 EUI64 GID GPOS HINFO HIP HTTPS IPSECKEY ISDN IXFR KEY
    KX L32 L64 LOC LP MAILA MAILB MB MD MF MG MINFO MR MX NAPTR NID NIMLOC NINFO NS
    NSAP-PTR NSEC NSEC3 NSEC3PARAM NULL NXNAME NXT None OPENPGPKEY OPT PTR PX RESINFO
    RKEY RP RRSIG RT Reserved SIG SMIMEA SOA SPF SRV SSHFP SVCB TA TALINK TKEY TLSA TSIG
    TXT UID UINFO UNSPEC URI X25 ZONEMD
    """.split()  # noqa: SIM905
)
_LATER: dict[str, Version] = {
    "AMTRELAY": (1, 11, 0),
    "IPSECKEY": (1, 11, 0),
    "NXNAME": (1, 11, 4),
    "RESINFO": (1, 12, 1),
    "DSOTYPENI": (1, 12, 2),
}


def is_type(word: str, version: Version) -> bool:
    """Whether a version of CoreDNS knows a type of records by this name, in capitals."""
    return word in TYPES and version >= _LATER.get(word, version)


def is_rcode(word: str, version: Version) -> bool:
    """Whether a version of CoreDNS knows an rcode by this name, in whatever letters."""
    name = word.upper()
    return name in RCODES or (name == "DSOTYPENI" and version >= _LATER[name])
