"""Facts of clusters in which something happens to names before a server is asked; and of 401."""

from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import Change, deviating, failing, saying, touching
from selftests.diagnosis.edit_facts import trouble as trouble_of
from selftests.diagnosis.faulty_facts.service import not_ready
from selftests.diagnosis.healthy_facts import DNS_IP

BEFORE = "tests/network/test_before_asking.py"
STORED = f"{BEFORE}::test_pods_are_stored_as_they_were_sent"
HIDDEN = f"{BEFORE}::test_no_service_hides_a_name_outside"
EMPTY = "tests/network/test_node_resolver.py::test_host_suffix_denies_what_is_not_there"
TOLD = "tests/network/test_pod_resolv_conf.py::test_nameserver_is_the_dns_service[cluster-first]"
HOOK = ("dns-injector (pods.injector.example)",)


def other_nameserver(facts: Facts) -> Facts:
    """A webhook gives every pod another nameserver, which nobody is."""
    confs = {
        node: ResolvConf(("192.0.2.9",), conf.search, conf.options)
        for node, conf in facts.resolv_confs.items()
    }
    changed = "dnsConfig: sent as nothing, stored as {'nameservers': ['192.0.2.9']} (pod probe-0)"
    sick = replace(facts, resolv_confs=confs, rewritten=(changed,), mutators=HOOK)
    return failing(deviating(sick, STORED), TOLD)


def with_sidecar(facts: Facts) -> Facts:
    """A webhook adds a container to every pod."""
    changed = "containers: proxy was added (pod probe-0)"
    return deviating(replace(facts, rewritten=(changed,), mutators=HOOK), STORED)


def hiding(facts: Facts) -> Facts:
    """A Service example in a namespace com."""
    line = "example.com leads to the Service com/example"
    return replace(facts, hidden_names=(line,), troubles=(trouble_of(HIDDEN, "deviation"),))


def empty_suffix(facts: Facts) -> Facts:
    """The nodes' search domain denies nothing."""
    confs = {
        node: ResolvConf((DNS_IP,), (*conf.search, "corp.example"), conf.options)
        for node, conf in facts.resolv_confs.items()
    }
    made = replace(facts, resolv_confs=confs)
    talk = Talk(
        "suffix",
        "w1",
        "pod/coredns-a",
        "10.244.0.2",
        "cp",
        "udp",
        "NOERROR",
        1.0,
        0,
        "corp.example",
    )
    return deviating(replace(made, talks=(*made.talks, talk)), EMPTY)


def old_token(facts: Facts) -> Facts:
    """The API server answers 401 to the replicas."""
    line = (
        "[ERROR] plugin/kubernetes: Failed to watch: failed to list *v1.Service: Unauthorized\n"
        '[INFO] plugin/ready: Plugins not ready: "kubernetes"\n'
    )
    sick = replace(not_ready(facts), logs=dict.fromkeys(facts.logs or ("coredns-a",), line))
    sick = touching(sick, lambda c: "503" if c.what == "/ready" else None)
    return failing(saying(sick, lambda t: "SERVFAIL" if t.kind in ("known", "absent") else None))


FAULTY: dict[str, tuple[str, Change]] = {
    "other nameserver": ("pod-dns-rewritten", other_nameserver),
    "with sidecar": ("pod-sidecar-added", with_sidecar),
    "hiding": ("service-hides-name", hiding),
    "empty suffix": ("nodata-search-domain", empty_suffix),
    "old token": ("api-credentials", old_token),
}
