"""Control questions: every server answers them from memory, so that they tell a dead path."""

from clusterdns.matrix.question import Question


def control_questions(zone: str) -> tuple[Question, ...]:
    """Questions of several kinds for a zone of the cluster, such as "cluster.local.".

    A Service that each cluster has, the version of the schema (specification 2.2), a name that
    is not there, the SOA of the zone; and one of class CH, which CoreDNS answers before it looks
    for a server block (core/dnsserver/server.go, 1.12.1).
    """
    return (
        Question(f"dns-version.{zone}", "TXT"),
        Question(f"kubernetes.default.svc.{zone}"),
        Question(f"dns-conformance-control.default.svc.{zone}"),
        Question(f"{zone}", "SOA"),
        Question("version.bind.", "TXT", rdclass="CH"),
    )
