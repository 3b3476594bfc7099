"""Liars for the checks at the edges: sizes, headers, EDNS, many names at once."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from selftests.liars.liar import ELSEWHERE, IN_NAMESPACE, REPLICA, WEB, Liar
from selftests.liars.lies import (
    ZONE,
    case_sensitive,
    denied,
    if_denied,
    rewritten,
    without,
)
from selftests.nameserver import (
    Asked,
    Lie,
    Response,
    closed_early,
    truncated,
    when,
    with_answer,
    with_flags,
    with_rcode,
)


def keeping(seconds: int) -> Lie:
    """Every record may be kept so long."""

    def edit(message: dns.message.Message) -> None:
        for rrset in (*message.answer, *message.authority):
            rrset.ttl = seconds

    return lambda _, response: response.edited(edit)


def in_order(_: Asked, response: Response) -> Response:
    """The records always come in the same order."""
    message = dns.message.from_wire(response.wire)
    message.answer = [
        dns.rrset.from_text(
            rrset.name, rrset.ttl, "IN", rrset.rdtype, *sorted(r.to_text() for r in rrset)
        )
        for rrset in message.answer
    ]
    return Response(message.to_wire(max_size=65535, want_shuffle=False))


def without_additional(_: Asked, response: Response) -> Response:
    """Nothing stands beside the answer."""

    def edit(message: dns.message.Message) -> None:
        message.additional = []

    return response.edited(edit)


def with_edns(version: int) -> Lie:
    """OPT of this version in every reply; -1: no OPT in any."""
    return lambda _, response: response.edited(lambda message: message.use_edns(version))


def refusing_options(asked: Asked, response: Response) -> Response:
    """Options are more than this server can bear."""
    return with_rcode("FORMERR")(asked, response) if asked.query.options else response


def ignoring_versions(asked: Asked, response: Response) -> Response:
    """EDNS of any version is taken for version 0."""
    return with_rcode("NOERROR")(asked, response) if asked.query.edns > 0 else response


def in_lower_case(_: Asked, response: Response) -> Response:
    """The question comes back in lower case."""

    def edit(message: dns.message.Message) -> None:
        asked = message.question[0]
        name = dns.name.from_text(asked.name.to_text().lower())
        message.question = [dns.rrset.RRset(name, asked.rdclass, asked.rdtype)]

    return response.edited(edit)


def polite(asked: Asked, response: Response) -> Response:
    """What is no question is answered as if it were one."""
    message = dns.message.from_wire(response.wire)
    if message.rcode() != dns.rcode.FORMERR:
        return response
    return response.edited(lambda m: m.set_rcode(dns.rcode.NOERROR))


def generous(asked: Asked, response: Response) -> Response:
    """ANY is answered with everything there is."""
    if asked.rdtype != "ANY":
        return response
    texts = [f"192.0.2.{n}" for n in range(1, 255)]
    return response.edited(
        lambda m: setattr(m, "answer", [dns.rrset.from_text(asked.name, 5, "IN", "A", *texts)])
    )


def never_truncating(asked: Asked, response: Response) -> Response:
    """Too much is cut without a word."""
    message = dns.message.from_wire(response.wire)
    return with_flags(off="TC")(asked, response) if message.flags & dns.flags.TC else response


def transferring(asked: Asked, response: Response) -> Response:
    """Anybody may have the whole zone."""
    return with_rcode("NOERROR")(asked, response) if asked.rdtype == "AXFR" else response


def on_port(number: int) -> Lie:
    """Every SRV record has this port."""

    def edit(message: dns.message.Message) -> None:
        for index, rrset in enumerate(message.answer):
            if rrset.rdtype == dns.rdatatype.SRV:
                texts = [f"0 100 {number} {rdata.to_text().split()[3]}" for rdata in rrset]
                message.answer[index] = dns.rrset.from_text(rrset.name, 5, "IN", "SRV", *texts)

    return lambda _, response: response.edited(edit)


def liar(name: str, file: str, lie: Lie, caught_by: str, *says: str) -> Liar:
    """A liar about the checks of one file; ``caught_by`` are the tests, in words apart."""
    patterns = tuple(f"{file}::{pattern}" for pattern in caught_by.split())
    return Liar(name, lie, patterns, says, files=(file,))


EDGES = (
    liar(
        *("endpoints-on-another-port", "headless_service", on_port(7)),
        *("test_each*srv_record* test_every_named_port* test_endpoint_without*", "SRV 7 "),
    ),
    liar(
        *("services-on-another-port", "cluster_ip_service", on_port(7)),
        *("test_every_named_port* test_name_may_begin*", "SRV 7 "),
    ),
    # Each endpoint as it must be, but for one whose label is in another Service.
    liar(
        *("a-label-of-another-service", "headless_service"),
        *(rewritten("SRV", r" [0-9-]+\.peers\.", " x.web."), "test_each*srv*"),
        "x.web.",
    ),
    liar(
        *("no-soa-at-the-top", "apex", when(without("SOA"), ZONE)),
        *("test_zone_has_one_soa*", "received  NOERROR []"),
    ),
    liar(
        *("no-ns-at-the-top", "apex", when(without("NS"), ZONE)),
        *("test_zone_has_ns*", "received  NOERROR []"),
    ),
    liar(
        *("no-address-beside-ns", "apex", without_additional),
        *("test_zone_has_ns*", "the address of each"),
    ),
    liar(
        *("kept-for-an-hour", "apex", keeping(3600)),
        *("test_denials_expire* test_records_expire*", "at most"),
    ),
    liar("always-in-order", "apex", in_order, "test_order*", "several orders"),
    # The Service changes the order, and so do all servers together.
    Liar(
        *("one-replica-is-always-in-order", in_order, ("apex::test_order*",)),
        ("several orders", f"to {REPLICA} "),
        liars=(REPLICA,),
        files=("apex",),
    ),
    liar("only-lower-case", "case", case_sensitive, "*", "received  NXDOMAIN []"),
    liar(
        *("opt-is-never-there", "edns", with_edns(-1)),
        *("test_reply_has_opt* test_unknown_version*", "OPT", "BADVERS"),
    ),
    liar(
        *("opt-is-always-there", "edns", with_edns(0)),
        *("test_reply_has_no_opt* test_unknown_version*", "no OPT", "BADVERS"),
    ),
    liar(
        *("options-are-refused", "edns", refusing_options),
        *("*-cookie] *-nsid] *-padding] *-unknown-option]", "FORMERR"),
    ),
    liar("versions-are-ignored", "edns", ignoring_versions, "test_unknown_version*", "BADVERS"),
    liar("no-aa", "header", with_flags(off="AA"), "test_answer_is_authoritative*", "AA"),
    liar("always-rd", "header", with_flags(on="RD"), "test_question_without_rec*", "no RD"),
    liar("always-tc", "header", with_flags(on="TC"), "test_answer_is_not_trunc*", "no TC"),
    liar("lower-case-echo", "header", in_lower_case, "test_question_comes_back*", "the question"),
    liar(
        *("polite-to-malformed", "odd_questions", polite),
        *("*[[]a-response] *[[]no-question] *[[]two-questions]", "NOERROR"),
    ),
    liar("any-is-everything", "odd_questions", generous, "test_any*", "512 octets"),
    liar(
        *("unknown-types-are-nxdomain", "odd_questions"),
        *(if_denied("NOERROR", True, denied("NXDOMAIN")), "test_unknown_type*"),
        "received  NXDOMAIN []",
    ),
    liar(
        *("pods-have-names", "pod_records", if_denied("NXDOMAIN", True, denied("NOERROR"))),
        *("test_address_of* test_name_that_is_no*", "received  NOERROR []"),
    ),
    liar("transfers-for-all", "refusals", transferring, "test_transfer*", "NOERROR"),
    liar("cut-without-a-word", "size", never_truncating, "test_what_does_not_fit*", "TC"),
    liar("always-cut", "size", truncated, "test_whole_over_tcp*", "received  NOERROR []"),
    liar("connections-end-early", "tcp", closed_early, "*", "closed", "control question"),
    # As many replies as questions, and nothing in them.
    liar("connections-bring-servfail", "tcp", with_rcode("SERVFAIL"), "*", "SERVFAIL"),
    liar(
        "expired-is-nothing", "apex", when(with_rcode("SERVFAIL"), WEB), "test_records*", "SERVFAIL"
    ),
    liar("nothing-beside-nothing", "extensions", with_rcode("SERVFAIL"), "*", "SERVFAIL"),
    liar(
        *("an-address-for-an-srv-question", "extensions"),
        *(when(with_answer(f"many.{IN_NAMESPACE} 5 IN A {ELSEWHERE}"), rdtype="SRV"), "test_bare*"),
        ELSEWHERE,
    ),
)
