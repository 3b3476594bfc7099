"""The variables of a Corefile in a private CoreDNS: copied where they can be, said where not."""

from clusterdns.cluster import Manifest
from clusterdns.own_coredns import environment, variables_in

CONTAINER: Manifest = {
    "env": [
        {"name": "UPSTREAM", "value": "192.0.2.53"},
        {"name": "OTHER", "value": "never named"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "TTL", "valueFrom": {"configMapKeyRef": {"name": "dns", "key": "ttl"}}},
        {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "dns", "key": "gone"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
}


def test_variables_are_found_as_coredns_writes_them() -> None:
    """Both ways to write one; a template of the plugin template is none."""
    text = 'forward . {$UPSTREAM}\n ttl {%TTL%}\n answer "{{ .Name }} 5 IN A {$NODE}"'
    assert variables_in([text]) == {"UPSTREAM", "TTL", "NODE"}


def test_only_what_the_corefile_names_is_copied() -> None:
    """Values and fields as they are, ConfigMaps read, Secrets never; what is lacking is said."""
    names = frozenset({"UPSTREAM", "NODE", "TTL", "GONE", "TOKEN"})
    entries, missing = environment(CONTAINER, names, lambda name: {"ttl": "5"})
    assert [e["name"] for e in entries] == ["UPSTREAM", "NODE", "TTL"]
    assert entries[2] == {"name": "TTL", "value": "5"}
    assert missing == ("GONE (from ConfigMap dns, not readable)", "TOKEN (from a Secret)")


def test_what_may_come_from_anywhere_is_said() -> None:
    """With envFrom nobody knows from where a variable comes."""
    made = {"env": [], "envFrom": [{"configMapRef": {"name": "all"}}]}
    assert environment(made, frozenset({"X"}), lambda _: {}) == (
        (),
        ("X (from envFrom, if at all)",),
    )
