"""Which client pods a run makes: a DNS policy, a node, and what dnsConfig says.

Sources: kubernetes.io "DNS for Services and Pods"; pkg/kubelet/network/dns of Kubernetes 1.34.
"""

from dataclasses import dataclass
from enum import Enum

from clusterdns.cluster import Manifest
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf
from clusterdns.run.plan import HOST_PLACE, PLACES, PlannedObject, declare
from clusterdns.testbed import manifests
from clusterdns.testbed.testbed import Testbed

SLEEPS = ("sleep", "infinity")
PRINTS = ("sh", "-c", f"cat {RESOLV_CONF}; exec sleep infinity")  # read as a log, without an exec
LABEL = "dns-conformance/role=client"
MUSL_CONTAINER = "musl"
MUSL_SLEEPS = ("/resolve", "--sleep")  # its only program, kept alive
MOST_NAMESERVERS = 3  # that the kubelet writes (pkg/apis/core/validation, MaxDNSNameservers)
MOST_SEARCHES = 32  # suffixes that it writes (MaxDNSSearchPaths)


class Role(Enum):
    """What a client pod is for; the value is the id in tests and part of pod names."""

    CLUSTER_FIRST = "cluster-first"  # the probes: nothing but the default
    DEFAULT = "default"
    HOST_NETWORK = "cluster-first-with-host-net"
    FALLBACK = "host-network-cluster-first"
    NONE = "none"  # asks a private CoreDNS that counts
    MUSL = "cluster-first-musl"
    SECOND = "other-namespace"  # with a hostname and a subdomain
    MERGED = "cluster-first-with-config"
    CROWDED = "config-over-the-limits"

    def __str__(self) -> str:
        return self.value

    @property
    def looks_up(self) -> bool:
        """Whether the pod runs other commands than reading its resolv.conf."""
        return self in (Role.HOST_NETWORK, Role.NONE, Role.SECOND, Role.MUSL)

    @property
    def policy(self) -> str:
        """The pod's dnsPolicy."""
        return {
            Role.DEFAULT: "Default",
            Role.HOST_NETWORK: "ClusterFirstWithHostNet",
            Role.NONE: "None",
        }.get(self, "ClusterFirst")

    @property
    def host_network(self) -> bool:
        """Whether it shares the node's network."""
        return self in (Role.HOST_NETWORK, Role.FALLBACK)


@dataclass(frozen=True)
class Given:
    """A dnsConfig; options as in resolv.conf, "ndots:2" or "edns0"."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def manifest(self) -> Manifest:
        """The manifest of the client pod."""
        pairs = [option.partition(":") for option in self.options]
        options = [{"name": n, "value": v} if sep else {"name": n} for n, sep, v in pairs]
        whole = {
            "nameservers": list(self.nameservers),
            "searches": list(self.searches),
            "options": options,
        }
        return {key: value for key, value in whole.items() if value}

    def alone(self) -> ResolvConf:
        """What dnsPolicy None must make of it: this and nothing else."""
        return ResolvConf(self.nameservers, self.searches, frozenset(self.options))

    def after(self, base: ResolvConf) -> ResolvConf:
        """What it must make of another policy's resolv.conf.

        Values are appended, each once; an option replaces the one of the same name; what is over
        the limits is cut off at the end (appendDNSConfig and formDNSNameserversFitsLimits).
        """
        replaced = {option.partition(":")[0] for option in self.options}
        kept = {o for o in base.options if o.partition(":")[0] not in replaced}
        nameservers = dict.fromkeys((*base.nameservers, *self.nameservers))
        searches = dict.fromkeys((*base.search, *self.searches))
        return ResolvConf(
            tuple(nameservers)[:MOST_NAMESERVERS],
            tuple(searches)[:MOST_SEARCHES],
            frozenset(kept | set(self.options)),
        )


@dataclass(frozen=True)
class Planned:
    """A client pod that is to be made."""

    role: Role
    node: str
    name: str
    namespace: str
    manifest: Manifest
    given: Given | None = None


HOSTNAME, SUBDOMAIN = "named-host", "named-group"


def merged(domain: str) -> Given:
    """Something new of each kind, something that is there already, and an overridden option."""
    searches = (f"svc.{domain}", "merged.search.test")
    return Given(("192.0.2.53",), searches, ("ndots:2", "edns0", "timeout:3"))


def crowded() -> Given:
    """A dnsConfig as large as the API takes: what the kubelet adds exceeds both limits."""
    servers = tuple(f"192.0.2.{i}" for i in range(1, MOST_NAMESERVERS + 1))
    return Given(servers, tuple(f"s{i}.search.test" for i in range(1, MOST_SEARCHES + 1)))


def plan_pods(testbed: Testbed, host: str | None, nameserver: str | None) -> list[Planned]:
    """Every client pod that can be made here, in the order in which checks want them.

    ``host`` is the namespace for pods on the node's network, None when there is none;
    ``nameserver`` the address of the server that counts questions.
    """
    workspace = testbed.workspace
    main, second = workspace.namespace, workspace.second_namespace
    nodes = list(enumerate(sorted(testbed.probes)))
    made: list[Planned] = []
    if host:
        made += [planned(testbed, Role.HOST_NETWORK, node, i, host) for i, node in nodes]
    made += [planned(testbed, Role.DEFAULT, node, i, main) for i, node in nodes]
    # What only the kubelet's own logic decides is looked at once, each on the next node.
    once: list[tuple[Role, str, Given | None]] = [
        (Role.MERGED, main, merged(testbed.domain)),
        (Role.CROWDED, main, crowded()),
    ]
    once += [(Role.SECOND, second, None)] if second else []
    once += [(Role.FALLBACK, host, None)] if host else []
    for turn, (role, namespace, given) in enumerate(once if nodes else []):
        index, node = nodes[-1 - turn % len(nodes)]
        made.append(
            planned(
                testbed=testbed, role=role, node=node, index=index, namespace=namespace, given=given
            )
        )
    if workspace.images.musl:
        made += [planned(testbed, Role.MUSL, node, i, main) for i, node in nodes]
    if nameserver:
        made += [
            planned(
                testbed=testbed,
                role=Role.NONE,
                node=node,
                index=i,
                namespace=main,
                given=like(testbed.resolv_confs[node], nameserver),
            )
            for i, node in nodes
        ]
    return made


def like(conf: ResolvConf, nameserver: str) -> Given:
    """The search list and options of another pod, with a nameserver of ours."""
    return Given((nameserver,), conf.search, tuple(sorted(conf.options)))


def planned(
    testbed: Testbed, role: Role, node: str, index: int, namespace: str, given: Given | None = None
) -> Planned:
    """One client pod; nodes are numbered in the order of their names."""
    workspace = testbed.workspace
    name = f"client-{role}-{index}"
    musl = workspace.images.musl
    named = {"hostname": HOSTNAME, "subdomain": SUBDOMAIN} if role is Role.SECOND else {}
    manifest = manifests.pod(
        run=workspace.run,
        name=name,
        namespace=namespace,
        image=workspace.images.dnsutils,
        command=SLEEPS if role.looks_up else PRINTS,
        node=node,
        dns_policy=role.policy,
        dns_config=given.manifest if given else None,
        host_network=role.host_network,
        lifetime=workspace.timeouts.lifetime,
        **named,
    )
    key, _, value = LABEL.partition("=")
    manifest["metadata"]["labels"][key] = value
    if musl and role in (Role.NONE, Role.MUSL):
        add_musl(manifest["spec"], musl)
    return Planned(
        role=role, node=node, name=name, namespace=namespace, manifest=manifest, given=given
    )


def add_musl(spec: Manifest, image: str) -> None:
    """Put a container with musl's resolver beside the main one.

    They share their processes, so that the main one, which has a shell, can start that resolver
    from /proc: an exec for each lookup would cost much more.
    """
    spec["shareProcessNamespace"] = True
    beside = {
        **manifests.container(image, MUSL_SLEEPS, manifests.MUSL_MEMORY),
        "name": MUSL_CONTAINER,
    }
    spec["containers"] = [*spec["containers"], beside]


OURS = (PLACES.main, PLACES.second or "", HOST_PLACE)
declare(
    PlannedObject(
        "",
        "Namespace",
        None,
        HOST_PLACE,
        verbs=("create", "get", "delete"),
        why="pods with hostNetwork only",
    ),
    PlannedObject(
        "",
        "Pod",
        HOST_PLACE,
        "*",
        verbs=("deletecollection",),
        why="they are gone before their namespace",
    ),
    PlannedObject(
        "", "ServiceAccount", HOST_PLACE, "default", verbs=("get",), why="it takes pods with it"
    ),
    *(
        PlannedObject(
            "", "Pod/exec", place, "client-*", verbs=("get", "create"), why="looks names up"
        )
        for place in OURS
    ),
    *(
        PlannedObject("", "Pod/log", place, "client-*", verbs=("get",), why=RESOLV_CONF)
        for place in (PLACES.main, HOST_PLACE)
    ),
    *(
        PlannedObject(
            "", "Event", place, "client-*", verbs=("list",), why="why a pod does not start"
        )
        for place in OURS
    ),
    *(
        PlannedObject(
            "",
            "Pod",
            namespace,
            f"client-{role}-*",
            verbs=("create", "list"),
            why=f"what dnsPolicy {role.policy} makes of resolv.conf",
        )
        for role in Role
        if role is not Role.CLUSTER_FIRST
        for namespace in (
            HOST_PLACE
            if role.host_network
            else PLACES.second
            if role is Role.SECOND
            else PLACES.main,
        )
    ),
    wanted_by=["clients"],
)
