"""The liars: what each says that is not true, and exactly which checks must notice.

``caught_by`` are patterns over FILE::TEST[PARAM] without "test_" in front of FILE; each must match
something, and what all of them match must be exactly the checks that do not pass.
"""

from dataclasses import dataclass

from selftests.liars.lies import (
    ZONE,
    added,
    below,
    beside,
    case_sensitive,
    denied,
    doubled,
    echoing,
    if_denied,
    if_it_says,
    lie_about,
    replaced,
    rewritten,
    without,
    without_last,
)
from selftests.nameserver import (
    Lie,
    closed_early,
    delayed,
    dropped,
    garbage,
    truncated,
    when,
    with_rcode,
    wrong_id,
    wrong_source,
)

NAMESPACE = "liars"
SERVICE, REPLICA = "service/kube-dns", "pod/coredns-1"
IN_NAMESPACE = f"{NAMESPACE}.svc.{ZONE}"
WEB, PLAIN, PEERS = (f"{name}.{IN_NAMESPACE}" for name in ("web", "plain", "peers"))
EMPTY, ALIAS = f"empty.{IN_NAMESPACE}", f"alias.{IN_NAMESPACE}"
KUBERNETES = f"kubernetes.default.svc.{ZONE}"
ELSEWHERE = "198.51.100.66"  # RFC 5737


# The files about one Service of each type: most liars meet these, and only these.
BASIC = (
    *("cluster_ip_service", "denials", "external_name"),
    *("headless_service", "kubernetes_service", "schema_version"),
)


@dataclass(frozen=True)
class Liar:
    """A server that lies, and who must notice. ``says`` stands in the message of each check."""

    name: str
    lie: Lie
    caught_by: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    liars: tuple[str, ...] = (SERVICE, REPLICA)
    query_s: float = 1.0  # one packet may take so long
    files: tuple[str, ...] = BASIC  # the test files that this liar meets

    def lies_of(self, server: str) -> list[Lie]:
        """What this server says instead of the truth."""
        return [self.lie] if server in self.liars else []

    def meets(self, file: str) -> bool:
        """Whether the checks of a test file are put to this liar."""
        return file.removeprefix("test_") in self.files


ANY_A = (
    "cluster_ip_service::*[[]*-A]",
    "cluster_ip_service::test_address_is_found_in_any_case*",
    "headless_service::test_each_ready_endpoint_has_an_address*-A]",
    "headless_service::test_hostname_leads*-A]",
    "kubernetes_service::*[[]*-A]",
    "kubernetes_service::test_address_is_found_in_any_case*",
)
ANY_AAAA = (
    "cluster_ip_service::*-AAAA]",
    "headless_service::*has_an_address*-AAAA]",
    "headless_service::test_hostname_leads*-AAAA]",
    "kubernetes_service::*-AAAA]",
)
NXDOMAINS = (
    "denials::test_absent_*",
    "denials::test_srv_of_another_port*",
    "denials::test_name_too_deep*",
    "denials::test_wildcard*",
    "cluster_ip_service::test_unnamed_port*",
    "external_name::test_nothing_is_below*",
    "headless_service::test_unready*",
    "headless_service::test_service_without_ready*",
)
NODATAS = ("denials::test_existing_name*", "denials::test_name_between*")
POINTERS = ("*::*pointer_leads_back*",)
WEB_A = (
    "cluster_ip_service::test_address_is_the_cluster_ip[[]*-web-A]",
    "cluster_ip_service::test_address_is_found_in_any_case[[]*-web]",
)
WEB_MX = ("denials::test_existing_name_without_that_type_is_nodata[[]*-MX]",)
# An answer without records has no wrong ones beside it.
EVERYTHING = ("*_service::*has*", "*::*is*", "*::*lead*", "*::test_each*", "external_name::*")


def over(transport: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns for checks over one transport only."""
    return tuple(pattern.replace("[[]*", f"[[]{transport}*") for pattern in patterns)


def silent(name: str, lie: Lie, says: str, transport: str = "*") -> Liar:
    """A liar about the addresses of web whose replies are none."""
    patterns = (
        f"cluster_ip_service::test_address_is_the_cluster_ip[[]{transport}-web-A]",
        f"cluster_ip_service::test_address_is_found_in_any_case[[]{transport}-web]",
    )
    return Liar(name, when(lie, WEB, "A"), patterns, (says,), query_s=0.3)


LIARS = (
    # Addresses.
    Liar("another-address", replaced("A", ELSEWHERE), ANY_A, (ELSEWHERE,)),
    Liar("one-address-too-many", added("A", ELSEWHERE), ANY_A, (ELSEWHERE,)),
    Liar("no-address", without("A"), ANY_A, ("received  NOERROR []",)),
    Liar("another-ipv6-address", replaced("AAAA", "2001:db8::66"), ANY_AAAA, ("2001:db8::66",)),
    Liar("no-ipv6-address", without("AAAA"), ANY_AAAA, ("received  NOERROR []",)),
    Liar("twice", when(doubled, WEB, "A"), WEB_A, ("(twice)",)),
    Liar(
        "an-endpoint-is-missing",
        when(without_last("A"), PEERS, "A"),
        ("headless_service::test_each_ready_endpoint_has_an_address[[]*-A]",),
        (f"received  NOERROR [{PEERS} A ",),
    ),
    Liar(
        "an-unready-endpoint-is-listed",
        when(added("A", "192.0.2.13"), PEERS, "A"),
        ("headless_service::test_each_ready_endpoint_has_an_address[[]*-A]",),
        ("192.0.2.13",),
    ),
    Liar(
        "an-unready-endpoint-has-a-name",
        lie_about(f"gamma.{PEERS}", "A", "192.0.2.13"),
        ("headless_service::test_unready*",),
        ("192.0.2.13",),
    ),
    Liar(
        "a-hostname-leads-to-all",
        lie_about(f"beta.{PEERS}", "A", "192.0.2.11", "192.0.2.12"),
        ("headless_service::test_hostname_leads_to_its_endpoint[[]*-beta-A]",),
        ("192.0.2.11",),
    ),
    Liar(
        "nobody-is-ready-but-an-address",
        lie_about(EMPTY, "A", "192.0.2.13"),
        ("headless_service::test_service_without_ready*-A]",),
        ("192.0.2.13",),
    ),
    Liar(
        "case-sensitive",
        case_sensitive,
        ("*::*_is_found_in_any_case*",),
        ("received  NXDOMAIN [] with the SOA of cluster.local.",),
    ),
    Liar(
        "the-old-schema",
        replaced("TXT", '"1.0.0"'),
        ("schema_version::*",),
        ('TXT "1.0.0"',),
    ),
    # Ports.
    Liar(
        "the-port-of-the-pods",
        when(rewritten("SRV", " 80 ", " 8080 "), f"_http._tcp.{WEB}"),
        ("cluster_ip_service::test_named_port_has_an_srv_record[[]*-http-tcp]",),
        (f"SRV 8080 {WEB}",),
    ),
    Liar(
        "every-port-is-one-more",
        rewritten("SRV", " 100 ", " 100 1"),
        ("*::test_named_port*", "*::*has_an_srv_record*"),
        ("SRV 1",),
    ),
    Liar(
        "srv-leads-to-another-service",
        rewritten("SRV", "web", "plain"),
        ("cluster_ip_service::test_named_port*",),
        (f"SRV 53 {PLAIN}", f"SRV 80 {PLAIN}"),
    ),
    Liar(
        "srv-of-one-endpoint-is-missing",
        when(without("SRV", f"0 100 2379 beta.{PEERS}"), f"_client._tcp.{PEERS}"),
        ("headless_service::test_each_ready_endpoint_has_an_srv_record[[]*-client-tcp]",),
        (f"alpha.{PEERS}",),
    ),
    Liar(
        "srv-of-an-unready-endpoint",
        when(added("SRV", f"0 100 9100 gamma.{PEERS}"), f"_metrics._tcp.{PEERS}"),
        ("headless_service::test_each_ready_endpoint_has_an_srv_record[[]*-metrics-tcp]",),
        (f"gamma.{PEERS}",),
    ),
    Liar(
        "a-wrong-address-beside-srv",
        when(beside(f"{WEB} 5 IN A {ELSEWHERE}"), rdtype="SRV"),
        ("cluster_ip_service::test_addresses_beside*",),
        ("additional records among",),
    ),
    Liar(
        "srv-of-a-port-without-a-name",
        lie_about(f"_https._tcp.{PLAIN}", "SRV", f"0 100 8443 {PLAIN}"),
        ("cluster_ip_service::test_unnamed_port*",),
        ("SRV 8443",),
    ),
    Liar(
        "srv-of-another-protocol",
        lie_about(f"_http._udp.{WEB}", "SRV", f"0 100 80 {WEB}"),
        ("denials::test_srv_of_another_port*-protocol]",),
        ("SRV 80",),
    ),
    Liar(
        "srv-of-an-external-name",
        lie_about(ALIAS, "SRV", f"0 100 443 {WEB}"),
        ("external_name::test_external_name_has_no_srv*",),
        ("SRV 443",),
    ),
    Liar(
        "srv-denies-an-external-name",
        when(denied("NXDOMAIN"), ALIAS, "SRV"),
        ("external_name::test_external_name_has_no_srv*",),
        ("received  NXDOMAIN",),
    ),
    Liar(
        "srv-of-an-external-name-is-denied-by-nobody",
        when(denied("NOERROR", None), ALIAS, "SRV"),
        ("external_name::test_external_name_has_no_srv*",),
        ("received  NOERROR []",),
    ),
    # Names that lead back or away.
    Liar(
        "pointers-lead-elsewhere",
        replaced("PTR", f"other.{IN_NAMESPACE}"),
        POINTERS,
        (f"other.{IN_NAMESPACE}",),
    ),
    Liar("two-pointers", added("PTR", f"other.{IN_NAMESPACE}"), POINTERS, ("other.liars",)),
    Liar(
        "no-pointers-for-endpoints",
        when(if_it_says(f"beta.{PEERS}", denied("NXDOMAIN")), rdtype="PTR"),
        ("headless_service::test_pointer_leads_back*-beta]",),
        ("received  NXDOMAIN",),
    ),
    Liar(
        "an-alias-leads-elsewhere",
        replaced("CNAME", "wrong.example.test."),
        ("external_name::test_external_name_*",),
        ("CNAME wrong.example.test.",),
    ),
    Liar(
        "an-alias-has-an-address",
        lie_about(ALIAS, "CNAME"),
        ("external_name::test_external_name_is_a_cname*",),
        ("received  NOERROR []",),
    ),
    Liar(
        "something-is-below-an-alias",
        lie_about(f"any.{ALIAS}", "A", ELSEWHERE),
        ("external_name::test_nothing_is_below*",),
        (ELSEWHERE,),
    ),
    # Denials.
    Liar(
        "nodata-for-nxdomain",
        if_denied("NXDOMAIN", True, denied("NOERROR")),
        NXDOMAINS,
        ("received  NOERROR [] with the SOA of cluster.local.",),
    ),
    Liar(
        "nxdomain-for-nodata",
        if_denied("NOERROR", True, denied("NXDOMAIN")),
        NODATAS,
        ("received  NXDOMAIN [] with the SOA of cluster.local.",),
    ),
    Liar(
        "nxdomain-without-soa",
        if_denied("NXDOMAIN", True, denied("NXDOMAIN", None)),
        NXDOMAINS,
        ("received  NXDOMAIN []",),
    ),
    Liar(
        "nodata-without-soa",
        if_denied("NOERROR", True, denied("NOERROR", None)),
        NODATAS,
        ("received  NOERROR []",),
    ),
    Liar(
        "the-soa-of-another-zone",
        if_denied("NXDOMAIN", True, denied("NXDOMAIN", "svc.cluster.local.")),
        NXDOMAINS,
        ("with the SOA of svc.cluster.local.",),
    ),
    Liar(
        "the-soa-of-the-root",
        if_denied("NOERROR", True, denied("NOERROR", ".")),
        NODATAS,
        ("with the SOA of .",),
    ),
    Liar(
        "an-absent-service-has-an-address",
        below(ZONE, lie_about(f"no-such-service.{IN_NAMESPACE}", "A", ELSEWHERE)),
        ("denials::test_absent_service_is_nxdomain[[]*-A]",),
        (ELSEWHERE,),
    ),
    Liar(
        "an-absent-namespace-has-an-address",
        lie_about(f"web.no-such-namespace.svc.{ZONE}", "A", ELSEWHERE),
        ("denials::test_absent_namespace*",),
        (ELSEWHERE,),
    ),
    Liar(
        "any-hostname-is-an-endpoint",
        lie_about(f"omega.{PEERS}", "A", "192.0.2.11"),
        ("denials::test_absent_endpoint*",),
        ("192.0.2.11",),
    ),
    Liar(
        "deep-names-are-the-service",
        lie_about(f"a.b.c.{WEB}", "A", ELSEWHERE),
        ("denials::test_name_too_deep*",),
        (ELSEWHERE,),
    ),
    Liar(
        "wildcards-match",
        lie_about(f"*.{IN_NAMESPACE}", "A", ELSEWHERE),
        ("denials::test_wildcard_is_nxdomain[[]*-[*]]",),
        (ELSEWHERE,),
    ),
    # Codes.
    Liar("servfail", with_rcode("SERVFAIL"), EVERYTHING, ("SERVFAIL",)),
    Liar("refused", when(with_rcode("REFUSED"), WEB, "A"), WEB_A, ("REFUSED",)),
    Liar("notimp", when(with_rcode("NOTIMP"), WEB, "MX"), WEB_MX, ("NOTIMP",)),
    # Only some lie.
    Liar(
        "one-replica-lies",
        when(replaced("A", ELSEWHERE), WEB),
        WEB_A,
        (ELSEWHERE, "2 of 4 cells", f"to {REPLICA} "),
        liars=(REPLICA,),
    ),
    Liar(
        "only-the-service-lies",
        when(replaced("A", ELSEWHERE), WEB),
        WEB_A,
        (ELSEWHERE, "2 of 4 cells", f"to {SERVICE} "),
        liars=(SERVICE,),
    ),
    Liar(
        "lies-over-tcp",
        when(replaced("A", ELSEWHERE), WEB, transport="tcp"),
        over("tcp", WEB_A),
        (ELSEWHERE, "over tcp"),
    ),
    Liar(
        "truncated-over-udp",
        when(truncated, WEB, "A", "udp"),
        over("udp", WEB_A),
        ("received  NOERROR []",),
    ),
    Liar("one-in-two-lies", when(replaced("A", ELSEWHERE), WEB, "A", every=2), WEB_A, (ELSEWHERE,)),
    # No answer that counts.
    silent("silence", dropped, "no answer (timeout)"),
    silent("too-late", delayed(1.5), "no answer (timeout)"),
    silent("wrong-id", wrong_id, "no answer"),
    silent("wrong-source", wrong_source, "no answer", "udp"),
    silent("garbage", garbage, "no answer"),
    silent("another-question", echoing(PLAIN), "no answer"),
    silent("cut-off", closed_early, "no answer (closed", "tcp"),
    # Paths: what all questions together tell.
    Liar(
        "a-replica-is-silent",
        dropped,
        ("paths::test_path_answers*",),
        (f"> {REPLICA} ",),
        liars=(REPLICA,),
        query_s=0.3,
        files=("paths",),
    ),
    Liar(
        "one-in-five-is-lost",
        when(dropped, every=5),
        ("paths::test_path_loses_nothing*",),
        ("questions lost",),
        query_s=0.3,
        files=("paths",),
    ),
    Liar(
        "one-in-five-is-late",
        when(delayed(0.95), every=5),
        ("paths::test_path_is_in_time*",),
        ("took longer than 900 ms",),
        query_s=3.0,
        files=("paths",),
    ),
)
