"""Liars by the reply as a whole: its code, who gives it, whether it counts as an answer at all."""

from selftests.liars.liar import BASIC, ELSEWHERE, PLAIN, REPLICA, SERVICE, WEB, Liar
from selftests.liars.lies import echoing, replaced
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

WEB_A = ("cluster_ip_service::test_address_is_the_cluster_ip[[]*-A]",)
WEB_MX = ("denials::test_existing_name_has_none_of_the_other_types[[]*-cluster-ip]",)
ADDRESSES = ("cluster_ip_service",)  # for those who keep silent: what is late would be wolf


def over(transport: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns for checks over one transport only."""
    return tuple(pattern.replace("[[]*", f"[[]{transport}*") for pattern in patterns)


def silent(name: str, lie: Lie, says: str, transport: str = "*") -> Liar:
    """A liar about the addresses of web whose replies are none."""
    patterns = (f"cluster_ip_service::test_address_is_the_cluster_ip[[]{transport}-A]",)
    return Liar(name, when(lie, WEB, "A"), patterns, (says,), query_s=0.5, files=ADDRESSES)


REPLIES = (
    # Codes.
    Liar("servfail", with_rcode("SERVFAIL"), ("*",), ("SERVFAIL",), files=BASIC),
    Liar("refused", when(with_rcode("REFUSED"), WEB, "A"), WEB_A, ("REFUSED",)),
    Liar("notimp", when(with_rcode("NOTIMP"), WEB, "MX"), WEB_MX, ("NOTIMP",), files=BASIC),
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
    silent("too-late", delayed(2.5), "no answer (timeout)"),
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
