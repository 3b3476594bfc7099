"""Each dnsConfig that the API must take or refuse (pkg/apis/core/validation)."""

from dataclasses import dataclass

from kubernetes.client import ApiException

from clusterdns.api_errors import refused_fields
from clusterdns.clients.planned import MOST_NAMESERVERS, MOST_SEARCHES, Given
from clusterdns.cluster import path_of
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed import manifests
from clusterdns.testbed.testbed import Workspace

DNS_CONFIG = "spec.dnsConfig"  # the field of a pod
REFUSED_FOR_IT = f"refused for {DNS_CONFIG}"
MOST_CHARACTERS = 2048  # of a search list, blanks included (MaxDNSSearchListChars)
LONGEST = ".".join(["x" * 63, "x" * 63, "x" * 63, "x" * 61])  # 253 characters, all a name may have
NAMESERVER = ("192.0.2.1",)


@dataclass(frozen=True)
class Proposal:
    """A DNS policy with a dnsConfig, if any; the id says what is special about it."""

    id: str
    given: Given | None
    policy: str = "None"

    def __str__(self) -> str:
        return self.id


def servers(count: int) -> tuple[str, ...]:
    """A list of so many nameservers."""
    return tuple(f"192.0.2.{i}" for i in range(1, count + 1))


def suffixes(count: int) -> tuple[str, ...]:
    """A list of so many search suffixes, all of them short."""
    return tuple(f"s{i}.test" for i in range(1, count + 1))


def characters(count: int) -> tuple[str, ...]:
    """A search list of so many characters, blanks included (2,033 to 2,286)."""
    return (*[LONGEST] * 8, "x" * (count - 8 * len(LONGEST) - 8))


REFUSED = (
    Proposal("none-without-config", None),
    Proposal("none-without-nameserver", Given(searches=("a.test",))),
    Proposal("too-many-nameservers", Given(servers(MOST_NAMESERVERS + 1))),
    Proposal("too-many-nameservers-cluster-first", Given(servers(4)), "ClusterFirst"),
    Proposal("nameserver-is-a-name", Given(("ns.test",))),
    Proposal("too-many-suffixes", Given(NAMESERVER, suffixes(MOST_SEARCHES + 1))),
    Proposal("too-many-characters", Given(NAMESERVER, characters(MOST_CHARACTERS + 1))),
    Proposal("suffix-is-no-name", Given(NAMESERVER, ("a..test",))),
    Proposal("option-without-name", Given(NAMESERVER, options=(":2",))),
)
ACCEPTED = (
    Proposal("most-nameservers", Given(servers(MOST_NAMESERVERS))),
    Proposal("most-suffixes", Given(NAMESERVER, suffixes(MOST_SEARCHES))),
    Proposal("most-characters", Given(NAMESERVER, characters(MOST_CHARACTERS))),
    Proposal("option-without-value", Given(NAMESERVER, options=("edns0",))),
    Proposal("cluster-first-without-nameserver", Given(searches=("a.test",)), "ClusterFirst"),
)
RELAXED = (  # since Kubernetes 1.33 (KEP 4427)
    Proposal("root-as-suffix", Given(NAMESERVER, (".",))),
    Proposal("underscore-in-suffix", Given(NAMESERVER, ("_sip._tcp.a.test",))),
)


def verdict(workspace: Workspace, proposal: Proposal) -> str:
    """The word "accepted", or why the API refuses such a pod; nothing is made.

    REFUSED_FOR_IT is a refusal for what the dnsConfig says; else the status, and what it is about.
    Raises kubernetes.client.ApiException when the API server judges no proposal at all.
    """
    pod = manifests.pod(
        workspace.run,
        "dns-config-proposal",
        workspace.namespace,
        workspace.images.dnsutils,
        dns_policy=proposal.policy,
        dns_config=proposal.given.manifest if proposal.given else None,
    )
    path = path_of("Pod", workspace.namespace)
    try:
        workspace.cluster.request("POST", path, pod, query={"dryRun": "All"})
    except ApiException as error:
        fields = refused_fields(error)
        # A policy, a quota or a missing right says nothing of the proposal: it names no field.
        if error.status != 422 or not fields:
            raise
        if fields and all(f.startswith(DNS_CONFIG) for f in fields):
            return REFUSED_FOR_IT
        return f"{error.status} {error.reason}" + (f" for {', '.join(fields)}" if fields else "")
    return "accepted"


declare(
    PlannedObject(
        "",
        "Pod",
        PLACES.main,
        "dns-config-proposal",
        verbs=("create",),
        why="as a dry run: nothing is made",
    ),
    wanted_by=["proposal"],
)
