"""Facts of clusters of which the Corefile says what it was not meant to, and does as it says."""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from selftests.diagnosis.edit_facts import (
    NXDOMAIN,
    Change,
    Said,
    cell,
    corefile,
    crashing,
    edited,
    failed,
    failing,
    inventory,
    saying,
)
from selftests.diagnosis.faulty_facts.places import COREFILE, READY
from selftests.diagnosis.faulty_facts.service import not_ready
from selftests.diagnosis.faulty_facts.upstream import outside
from selftests.diagnosis.healthy_facts import UPSTREAM, event

TEXT = f"{COREFILE}::test_running_version_would_start_with_it"
FORWARD = "forward . /etc/resolv.conf"
CUSTOM = "/etc/coredns/custom"
BIND = "Listen: listen tcp :53: bind: "
CANNOT = 'is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource'


def ending_hosts(facts: Facts) -> Facts:
    """Hosts without fallthrough: whatever is not in it gets SERVFAIL."""
    sick = corefile(facts, "    loop\n", "    hosts {\n        192.0.2.9 a.lab\n    }\n    loop\n")
    kinds = ("known", "absent", "outside", "outside-aaaa")
    return failing(saying(sick, lambda t: "SERVFAIL" if t.kind in kinds else None))


def ending_template(facts: Facts) -> Facts:
    """A template for a few names, without fallthrough, for every type."""
    rule = "    template IN ANY {\n        match ^a[.]lab[.]$\n        rcode NXDOMAIN\n    }\n"
    sick = corefile(facts, "    loop\n", f"{rule}    loop\n")
    kinds = ("known", "absent", "outside", "outside-aaaa")
    return failing(saying(sick, lambda t: "SERVFAIL" if t.kind in kinds else None))


def never_asked(facts: Facts) -> Facts:
    """The first forward leads to nobody; a second one, which is sound, is never asked."""
    sick = corefile(facts, "    cache 30", f"    forward . {UPSTREAM}\n    cache 30")
    text = (sick.inventory.corefile_text or "").replace(FORWARD, "forward . 192.0.2.1")
    sick = outside("SERVFAIL")(inventory(sick, corefile_text=text))
    rows = [replace(t, address="192.0.2.1") if t.kind == "upstream" else t for t in sick.talks]
    sick = replace(sick, talks=tuple(rows))
    return failing(saying(sick, lambda t: "timeout" if t.kind == "upstream" else None))


def only_v6(facts: Facts) -> Facts:
    """The replicas have IPv6 addresses, the nodes' resolver an IPv4 one."""

    def edit(pods: tuple[Manifest, ...]) -> None:
        for number, one in enumerate(pods, 2):
            one["status"]["podIPs"] = [{"ip": f"fd00:10:244::{number}"}]

    def renumber(nodes: tuple[Manifest, ...]) -> None:
        for one in nodes:
            one["spec"] |= {"podCIDR": "fd00:10:244::/56", "podCIDRs": ["fd00:10:244::/56"]}

    sick = edited(edited(facts, "pods", edit), "nodes", renumber)
    sick = outside("SERVFAIL")(sick)
    line = f"[ERROR] plugin/errors: 2 x. A: dial udp {UPSTREAM}:53: connect: network is unreachable"
    sick = replace(sick, logs={"coredns-a": f"{line}\n"}, probe_ips={})
    return failing(saying(sick, lambda t: "unreachable" if t.kind == "upstream" else None))


def wrong_tls_name(facts: Facts) -> Facts:
    """The upstream's certificate is for another name; in the clear nobody answers there."""
    sick = corefile(facts, FORWARD, f"forward . tls://{UPSTREAM}")
    line = "[ERROR] plugin/errors: 2 x. A: tls: failed to verify certificate: x509: "
    line += f"certificate is valid for dns.lab, not {UPSTREAM}\n"
    sick = outside("SERVFAIL")(replace(sick, logs={"coredns-a": line}))
    return failing(saying(sick, lambda t: "timeout" if t.kind == "upstream" else None))


def verified_without_rights(facts: Facts) -> Facts:
    """`pods verified`, and no right to pods."""
    sick = not_ready(corefile(facts, "pods insecure", "pods verified"))
    rights = {**(facts.rights or {}), "list-pods": False, "watch-pods": False}
    log = f"[ERROR] plugin/kubernetes: Failed to watch: failed to list *v1.Pod: pods {CANNOT}\n"
    return replace(sick, rights=rights, logs=dict.fromkeys(sick.logs, log))


def multicluster(facts: Facts, log: str) -> Facts:
    """The option multicluster, and this line in the logs."""
    sick = not_ready(corefile(facts, "pods insecure", "multicluster cluster.local"))
    sick = edited(sick, "workload", newer)
    line = f"[ERROR] plugin/kubernetes: Failed to watch: failed to list {log}\n"
    return replace(sick, logs=dict.fromkeys(sick.logs, line))


def newer(workload: Manifest) -> None:
    """A version that has the option."""
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["image"] = container["image"].replace("1.12.1", "1.13.1")


def multicluster_without_rights(facts: Facts) -> Facts:
    """The rights were not asked for; the log says that they are missing."""
    return multicluster(facts, f"*v1alpha1.ServiceImport: serviceimports.x {CANNOT}")


def multicluster_without_objects(facts: Facts) -> Facts:
    """The API server has no such objects."""
    why = "the server could not find the requested resource"
    return multicluster(facts, f"*v1alpha1.ServiceImport: {why}")


def imported(facts: Facts, name: str, text: str, pattern: str) -> Facts:
    """With a file that the Corefile imports from another ConfigMap."""
    path = f"{CUSTOM}/{name}"
    if pattern.endswith(".server"):
        whole = (facts.inventory.corefile_text or "") + f"import custom/{pattern}\n"
    else:
        own = facts.inventory.corefile_text or ""
        whole = own.replace("    loop\n", f"    loop\n    import custom/{pattern}\n")
    return inventory(
        facts,
        corefile_text=whole,
        files={path: text},
        folders=(CUSTOM,),
        keys={path: ("coredns-custom", name)},
    )


def second_root(facts: Facts) -> Facts:
    """An imported file has the root zone too."""
    sick = imported(facts, "all.server", ". {\n    whoami\n}\n", "*.server")
    log = "cannot serve dns://.:53 - it is already defined"
    return failing(crashing(sick, log), READY, TEXT)


def late_view(facts: Facts) -> Facts:
    """A block with view stands behind the plain one, and nobody has restarted anything yet."""
    text = facts.inventory.corefile_text or ""
    view = ".:53 {\n    view lab {\n        expr true\n    }\n    whoami\n}\n"
    return failing(inventory(facts, corefile_text=text + view), TEXT)


def service_as_upstream(facts: Facts) -> Facts:
    """A stub domain is forwarded to a Service by its name."""
    text = facts.inventory.corefile_text or ""
    stub = "lab.example {\n    forward . dns.lab.svc.cluster.local\n}\n"
    log = 'plugin/forward: not an IP address or file: "dns.lab.svc.cluster.local"'
    return failing(crashing(inventory(facts, corefile_text=text + stub), log), READY, TEXT)


def glued_brace(facts: Facts) -> Facts:
    """A brace without a space before it."""
    rule = "    hosts names lab.example{\n        ttl 60\n        fallthrough\n    }\n    loop\n"
    log = "/etc/coredns/Corefile:26 - Error during parsing: Unknown directive 'ttl'"
    return failing(crashing(corefile(facts, "    loop\n", rule), log), READY, TEXT)


def port_taken(facts: Facts) -> Facts:
    """Somebody else listens on port 53."""
    return failing(crashing(facts, f"[INFO] plugin/x: y\n{BIND}address already in use"), READY)


def port_forbidden(facts: Facts) -> Facts:
    """A port below 1024 may not be opened."""
    return failing(crashing(facts, f"{BIND}permission denied"), READY)


def waits_for_a_plugin(facts: Facts) -> Facts:
    """The plugin erratic says that it is not ready."""
    rule = "    erratic {\n        truncate 1\n    }\n    loop\n"
    sick = not_ready(corefile(facts, "    loop\n", rule))
    pages = tuple(
        replace(c, result="503", body="erratic") if c.what == "/ready" else c for c in sick.contacts
    )
    return replace(sick, contacts=pages)


def no_volume(facts: Facts) -> Facts:
    """The pods mount a ConfigMap that nobody made."""
    why = 'MountVolume.SetUp failed for volume "config-volume" : configmap "dns" not found'
    sick = not_ready(facts)
    pods = [f"pod/{pod['metadata']['name']}" for pod in sick.inventory.pods]
    events = tuple(event(pod, "FailedMount", why) for pod in pods)
    return replace(sick, events=(*(sick.events or ()), *events))


def strange_end(facts: Facts) -> Facts:
    """A last line that nobody has met before."""
    return failing(crashing(facts, "the moon is full"), READY)


OWN = "tests/dns/test_own_names.py::test_own_name_is_answered_as_its_rule_says[udp]"
STUB = "tests/dns/test_own_names.py::test_stub_zone_is_answered_as_its_servers_say"
HOSTS = "    hosts {\n        192.0.2.9 a.lab\n        fallthrough\n    }\n    loop\n"
STUB_ZONE = "}\nstub.lab:53 {\n    forward . 192.0.2.53\n}\n"


def told(facts: Facts, question: str, wanted: Said, got: Said, check: str) -> Facts:
    """With a check of own names failed: each replica says this."""
    where = (("cp", "pod/coredns-a (10.244.0.2)"), ("w1", "pod/coredns-b (10.244.1.2)"))
    return failed(
        facts, check, *(cell(question, node, server, "udp", wanted, got) for node, server in where)
    )


def other_address(facts: Facts) -> Facts:
    """The replicas give another address than the hosts of the Corefile: an older one runs."""
    sick = corefile(facts, "    loop\n", HOSTS)
    right, wrong = Said(records=("a.lab. A 192.0.2.9",)), Said(records=("a.lab. A 192.0.2.8",))
    return told(sick, "a.lab. A", right, wrong, OWN)


def taken_before_hosts(facts: Facts) -> Facts:
    """A template answers for the whole zone in which hosts has a name."""
    rule = "    template IN A lab {\n        rcode NXDOMAIN\n    }\n"
    sick = corefile(facts, "    loop\n", f"{rule}{HOSTS}")
    return told(sick, "a.lab. A", Said(records=("a.lab. A 192.0.2.9",)), NXDOMAIN, OWN)


def silent_stub(facts: Facts) -> Facts:
    """Nobody answers where a stub zone is sent."""
    text = f"{facts.inventory.corefile_text}".rstrip().removesuffix("}") + STUB_ZONE
    sick = inventory(facts, corefile_text=text)
    asked = [Talk("stub", n, "upstream", "192.0.2.53", "", "udp", "timeout") for n in ("cp", "w1")]
    sick = replace(sick, talks=(*sick.talks, *asked))
    return told(sick, "stub.lab. SOA", Said(), Said("SERVFAIL", ()), STUB)


def stub_behind_the_root(facts: Facts) -> Facts:
    """A second forward, for a zone, behind the one that takes every question."""
    sick = corefile(facts, "    cache 30", "    forward stub.lab 192.0.2.53\n    cache 30")
    asked = [Talk("stub", n, "upstream", "192.0.2.53", "", "udp", "NOERROR") for n in ("cp", "w1")]
    sick = replace(sick, talks=(*sick.talks, *asked))
    return told(sick, "stub.lab. SOA", Said(), NXDOMAIN, STUB)


FAULTY: dict[str, tuple[str, Change]] = {
    "ending hosts": ("fallthrough-missing", ending_hosts),
    "ending template": ("fallthrough-missing", ending_template),
    "never asked": ("upstream-unreachable", never_asked),
    "only v6": ("upstream-v4-nameserver", only_v6),
    "wrong tls name": ("upstream-tls", wrong_tls_name),
    "verified without rights": ("rbac-option", verified_without_rights),
    "multicluster without rights": ("rbac-option", multicluster_without_rights),
    "multicluster without objects": ("multicluster-crd-missing", multicluster_without_objects),
    "second root": ("corefile-invalid", second_root),
    "late view": ("corefile-invalid-latent", late_view),
    "service as upstream": ("corefile-invalid", service_as_upstream),
    "glued brace": ("corefile-invalid", glued_brace),
    "port taken": ("start-failed", port_taken),
    "port forbidden": ("start-failed", port_forbidden),
    "strange end": ("start-failed", strange_end),
    "plugin not ready": ("plugin-not-ready", waits_for_a_plugin),
    "no volume": ("volume-missing", no_volume),
    "other address": ("own-rule-broken", other_address),
    "taken before hosts": ("own-rule-broken", taken_before_hosts),
    "silent stub": ("stub-zone-unanswered", silent_stub),
    "stub behind the root": ("stub-zone-unanswered", stub_behind_the_root),
}
