"""Names of checks that fail in many cases, and what one path says."""

from clusterdns.diagnosis.rows import Talk
from selftests.diagnosis.edit_facts import Change, saying

SERVICE = "tests/network/test_dns_service.py"


COREFILE = "tests/network/test_corefile.py"


WORKLOAD = "tests/network/test_dns_workload.py"


READY = f"{WORKLOAD}::test_wanted_replicas_are_ready"


PATHS = "tests/network/test_paths.py::test_path_answers[udp]"


LOOPS = "tests/network/test_loops.py"


TOLD = f"{SERVICE}::test_pods_on_every_node_ask_the_service"


def to_service(result: str, transport: str = "", node: str = "") -> Change:
    """What is asked of the Service comes to this."""

    def rule(talk: Talk) -> str | None:
        fits = talk.server.startswith("service/") and talk.transport.startswith(transport)
        return result if fits and talk.node.startswith(node) else None

    return lambda facts: saying(facts, rule)
