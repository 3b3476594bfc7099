"""What a liar is: a server that says what is not true, and exactly which checks must notice.

``caught_by`` are patterns over FILE::TEST[PARAM] without "test_" in front of FILE; each must match
something, and what all of them match must be exactly the checks that do not pass.
"""

from dataclasses import dataclass

from selftests.liars.lies import ZONE
from selftests.nameserver import Lie

NAMESPACE = "liars"
SERVICE, REPLICA = "service/kube-dns", "pod/coredns-1"
IN_NAMESPACE = f"{NAMESPACE}.svc.{ZONE}"
WEB, PLAIN, PEERS = (f"{name}.{IN_NAMESPACE}" for name in ("web", "plain", "peers"))
EMPTY, ALIAS = f"empty.{IN_NAMESPACE}", f"alias.{IN_NAMESPACE}"
ELSEWHERE = "198.51.100.66"  # RFC 5737

# The files about Services of each type: most liars meet these, and only these. Those whose lie is
# about what does not exist meet the denials as well, which ask thousands of questions.
SERVICES = (
    *("cluster_ip_service", "external_name"),
    *("headless_service", "kubernetes_service", "schema_version"),
)
BASIC = (*SERVICES, "denials")


@dataclass(frozen=True)
class Liar:
    """A server that lies, and who must notice. ``says`` stands in the message of each check."""

    name: str
    lie: Lie
    caught_by: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    liars: tuple[str, ...] = (SERVICE, REPLICA)
    query_s: float = 5.0  # one packet may take so long: this machine may be busy
    files: tuple[str, ...] = SERVICES  # the test files that this liar meets

    def lies_of(self, server: str) -> list[Lie]:
        """What this server says instead of the truth."""
        return [self.lie] if server in self.liars else []

    def meets(self, file: str) -> bool:
        """Whether the checks of a test file are put to this liar."""
        return file.removeprefix("test_") in self.files
