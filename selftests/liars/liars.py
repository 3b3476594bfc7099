"""Liars by what the records say: addresses, ports, names that lead back or away, denials."""

from selftests.liars.liar import (
    ALIAS,
    BASIC,
    ELSEWHERE,
    EMPTY,
    IN_NAMESPACE,
    PEERS,
    PLAIN,
    WEB,
    Liar,
)
from selftests.liars.lies import (
    ZONE,
    added,
    below,
    beside,
    case_sensitive,
    denied,
    doubled,
    if_denied,
    if_it_says,
    lie_about,
    one_port_more,
    replaced,
    rewritten,
    without,
    without_last,
)
from selftests.liars.replies import REPLIES, WEB_A
from selftests.nameserver import when

HOSTS = "headless_service::test_every_hostname_leads*"
LABELS = "headless_service::test_endpoint_without_hostname*"
ALIASES = ("external_name::test_target*", "external_name::test_chain*")
DIGIT = "cluster_ip_service::test_name_may_begin*"
ANY_A = (
    "cluster_ip_service::*[[]*-A]",
    "headless_service::test_each_ready_endpoint_has_an_address*-A]",
    "kubernetes_service::*[[]*-A]",
    "kubernetes_service::test_address_is_found_in_any_case*",
    *(HOSTS, LABELS, DIGIT, *ALIASES),
)
ANY_AAAA = (
    "cluster_ip_service::*-AAAA]",
    "headless_service::*has_an_address*-AAAA]",
    "kubernetes_service::*-AAAA]",
    *(HOSTS, LABELS, DIGIT, *ALIASES),
)
NXDOMAINS = (
    "denials::test_absent_*",
    "cluster_ip_service::test_unnamed_port*",
    "external_name::test_nothing_is_below*",
    "headless_service::test_endpoint_that_is_not_ready*",
    "headless_service::test_service_without_ready*",
    "headless_service::test_unnamed_port*",
)
NODATAS = (
    "denials::test_existing_name*",
    "denials::test_name_between*",
    "cluster_ip_service::test_address_is_the_cluster_ip*-AAAA]",  # one has only one family
    "headless_service::test_each_ready_endpoint_has_an_address*",
    HOSTS,
)
POINTERS = (
    "kubernetes_service::*pointer_leads_back*",
    "cluster_ip_service::test_every_cluster_ip*",
    "headless_service::test_every_address_leads*",
    DIGIT,
)
LIARS = (
    # Addresses.
    Liar("another-address", replaced("A", ELSEWHERE), ANY_A, (ELSEWHERE,)),
    Liar("one-address-too-many", added("A", ELSEWHERE), ANY_A, (ELSEWHERE,)),
    Liar("no-address", without("A"), ANY_A, ("NOERROR [",)),
    Liar("another-ipv6-address", replaced("AAAA", "2001:db8::66"), ANY_AAAA, ("2001:db8::66",)),
    Liar("no-ipv6-address", without("AAAA"), ANY_AAAA, ("NOERROR [",)),
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
        ("headless_service::test_endpoint_that_is_not_ready*",),
        ("192.0.2.13",),
    ),
    Liar(
        "a-hostname-leads-to-all",
        lie_about(f"beta.{PEERS}", "A", "192.0.2.11", "192.0.2.12"),
        (HOSTS,),
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
        ("cluster_ip_service::test_every_named_port*",),
        (f"SRV 8080 {WEB}",),
    ),
    Liar(
        "every-port-is-one-more",
        one_port_more,
        ("*::*has_an_srv_record*", LABELS, DIGIT),
        ("SRV ",),
    ),
    Liar(
        "srv-leads-to-another-service",
        rewritten("SRV", "web", "plain"),
        ("cluster_ip_service::test_every_named_port*",),
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
        ("*::test_addresses_beside*",),
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
        lie_about(f"_http._sctp.many.{IN_NAMESPACE}", "SRV", f"0 100 80 {WEB}"),
        ("denials::test_absent_name*-protocol]",),
        ("SRV 80",),
        files=BASIC,
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
        ("headless_service::test_every_address_leads*",),
        ("received  NXDOMAIN",),
    ),
    Liar(
        "an-alias-leads-elsewhere",
        replaced("CNAME", "wrong.example.test."),
        (
            "external_name::test_external_name_*",
            *ALIASES,
        ),
        ("CNAME wrong.example.test.",),
    ),
    Liar(
        "an-alias-has-an-address",
        lie_about(ALIAS, "CNAME"),
        ("external_name::test_external_name_is_a_cname*",),
        ("received  NOERROR []",),
    ),
    *(
        Liar(
            f"a-dead-end-has-an-address-{name}",
            lie_about(f"{name}.{IN_NAMESPACE}", "A", ELSEWHERE),
            (f"external_name::test_alias_that_leads_nowhere*-{name}]",),
            (ELSEWHERE,),
        )
        for name in ("dangling", "circle", "round")
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
        files=BASIC,
    ),
    Liar(
        "nxdomain-for-nodata",
        if_denied("NOERROR", True, denied("NXDOMAIN")),
        NODATAS,
        ("received  NXDOMAIN [] with the SOA of cluster.local.",),
        files=BASIC,
    ),
    Liar(
        "nxdomain-without-soa",
        if_denied("NXDOMAIN", True, denied("NXDOMAIN", None)),
        NXDOMAINS,
        ("received  NXDOMAIN []",),
        files=BASIC,
    ),
    Liar(
        "nodata-without-soa",
        if_denied("NOERROR", True, denied("NOERROR", None)),
        NODATAS,
        ("received  NOERROR []",),
        files=BASIC,
    ),
    Liar(
        "the-soa-of-another-zone",
        if_denied("NXDOMAIN", True, denied("NXDOMAIN", "svc.cluster.local.")),
        NXDOMAINS,
        ("with the SOA of svc.cluster.local.",),
        files=BASIC,
    ),
    Liar(
        "the-soa-of-the-root",
        if_denied("NOERROR", True, denied("NOERROR", ".")),
        NODATAS,
        ("with the SOA of .",),
        files=BASIC,
    ),
    Liar(
        "an-absent-service-has-an-address",
        below(ZONE, lie_about(f"no-such-service.{IN_NAMESPACE}", "A", ELSEWHERE)),
        ("denials::test_absent_name*-service]",),
        (ELSEWHERE,),
        files=BASIC,
    ),
    Liar(
        "an-absent-namespace-has-an-address",
        lie_about(f"many.no-such-namespace.svc.{ZONE}", "A", ELSEWHERE),
        ("denials::test_absent_name*[[]???-namespace]",),
        (ELSEWHERE,),
        files=BASIC,
    ),
    Liar(
        "any-hostname-is-an-endpoint",
        lie_about(f"host-99.headless.{IN_NAMESPACE}", "A", "192.0.2.11"),
        ("denials::test_absent_name*[[]???-hostname]",),
        ("192.0.2.11",),
        files=BASIC,
    ),
    Liar(
        "deep-names-are-the-service",
        lie_about(f"a.b.c.many.{IN_NAMESPACE}", "A", ELSEWHERE),
        ("denials::test_absent_name*-too-deep-below-cluster-ip]",),
        (ELSEWHERE,),
        files=BASIC,
    ),
    Liar(
        "wildcards-match",
        lie_about(f"*.{IN_NAMESPACE}", "A", ELSEWHERE),
        ("denials::test_absent_name*-wildcard]",),
        (ELSEWHERE,),
        files=BASIC,
    ),
    *REPLIES,
)
