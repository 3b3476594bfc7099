"""Each change is listed where it is met and nowhere else; evidence that somebody is concerned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clusterdns.cluster import Manifest
from clusterdns.corefile import Reading, parse
from clusterdns.corefile.directives import directives, version_of
from clusterdns.inventory.replica_pages import Fetched
from clusterdns.inventory.web import Page
from clusterdns.matrix.question import Server
from clusterdns.upgrade.changes import KINDS, Met, Seen, met_by, read_changes
from clusterdns.upgrade.conditions import CONDITIONS, Surroundings
from selftests.diagnosis.healthy_facts import COREFILE
from selftests.upgrade.test_starts import message
from tests.upgrade import test_changes as checks

CHANGES = {change.id: change for change in read_changes()}
OWN = "registry.k8s.io/coredns/coredns:v1.12.1"
EXTERNAL: Manifest = {
    "metadata": {"name": "db", "namespace": "shop"},
    "spec": {"type": "ExternalName", "externalName": "db.example.org"},
}
DUAL: Manifest = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"clusterIPs": ["10.96.0.9", "fd00::9"]},
}


def piece(address: str, hostname: str | None = None) -> Manifest:
    """An EndpointSlice with one endpoint."""
    endpoint: Manifest = {"addresses": [address]}
    if hostname:
        endpoint["hostname"] = hostname
    return {"metadata": {"name": "web-1", "namespace": "shop"}, "endpoints": [endpoint]}


def around(corefile: str, **more: Any) -> Surroundings:  # noqa: ANN401 (the fields of the class)
    """A Corefile and nothing else, or with these objects."""
    plain: dict[str, Any] = {"image": "mine:1", "pod": {}, "container": {}}
    plain |= {"services": (), "slices": ()}
    return Surroundings(Reading(parse(corefile)), **(plain | more))


def block(*lines: str) -> str:
    """One server block."""
    return ".:53 {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


K8S, PROM, FWD, CACHE = "kubernetes cluster.local", "prometheus", "forward . 192.0.2.1", "cache 30"
# For each change the least that meets it.
LEAST: Mapping[str, Surroundings] = {
    "no-wildcards": around(block(K8S)),
    "cache-metrics-have-zones": around(block(CACHE, PROM)),
    "bufsize-adds-no-edns": around(block("bufsize 1232")),
    "template-without-match": around(
        block("template IN A example.org {", "match x", "rcode NXDOMAIN", "}")
    ),
    "sockets-open-gone": around(block(FWD, PROM)),
    "bufsize-only-lowers": around(block("bufsize 512")),
    "no-lameduck-on-reload": around(block("health {", "lameduck 5s", "}", "reload")),
    "no-txt-for-absent-names": around(block(K8S)),
    "no-endpoints-of-external-names": around(block(K8S), services=(EXTERNAL,)),
    "metrics-have-views": around(block(PROM)),
    "image-without-root": around(block("whoami"), image=OWN),
    "relative-paths-moved": around(block("file zones/db.example example.org"), image=OWN),
    "bufsize-1232": around(block("bufsize")),
    "forward-metrics-renamed": around(block(FWD, PROM)),
    "no-ports-of-external-names": around(block(K8S), services=(EXTERNAL,)),
    "overflow-has-tc": around(block(FWD)),
    "cache-keyed-by-cd": around(block(CACHE)),
    "hosts-entries-have-files": around(block("hosts /etc/hosts", PROM)),
    "pointers-only-with-hostname": around(block(K8S), slices=(piece("10.244.0.7"),)),
    "ten-aliases": around(block(K8S), services=(EXTERNAL,)),
    "pods-being-deleted": around(block(K8S + " {", "pods verified", "}")),
    "refused-without-next": around(block("file /db example.org")),
    "srv-keep-their-case": around(block("auto example.org {", "directory /zones", "}")),
    "ipv6-names-end-with-0": around(block(K8S), slices=(piece("fd00:7::"),)),
    "rewrite-before-acl": around(block("acl {", "block", "}", "rewrite name a. b.")),
    "lists-come-by-watches": around(block(K8S, PROM)),
    "programming-latency-of-all": around(block(K8S, PROM)),
    "cache-beyond-an-hour": around(block("cache 86400")),
    "positive-before-servfail": around(block(CACHE, FWD)),
    "hosts-hands-types-on": around(block("hosts {", "192.0.2.7 a.test", "fallthrough", "}")),
    "denials-without-soa": around(block("log . {", "class error", "}")),
    "few-attempts": around(block(FWD)),
    "cache-behind-rewrite-and-acl": around(block(CACHE, "rewrite name a. b.")),
    "alias-without-answer-uncached": around(block(CACHE, FWD)),
    "numeric-user": around(
        block("whoami"), image=OWN, pod={"securityContext": {"runAsNonRoot": True}}
    ),
    "aa-as-it-came": around(block(CACHE, FWD)),
    "servfail-kept": around(block(CACHE, FWD)),
    "edns-options-not-echoed": around(block(K8S)),
    "pods-with-several-addresses": around(
        block(K8S + " {", "pods verified", "}"), services=(DUAL,)
    ),
    "dns64-keeps-rcodes": around(block("dns64")),
    "only-queries-cached": around(block(CACHE)),
    "soa-owner-must-match": around(block("file /db example.org")),
}
# What must be seen between two versions on a cluster as kubeadm makes it, and no others.
USUAL = around(
    COREFILE,
    image=OWN,
    slices=(piece("10.244.0.7"), piece("10.244.0.8", "web-0")),
    services=(
        {"metadata": {"name": "x", "namespace": "y"}, "spec": {"clusterIPs": ["10.96.0.1"]}},
    ),
)
IN_LATER = {"programming-latency-of-all", "positive-before-servfail", "few-attempts"}
IN_LATER |= {"alias-without-answer-uncached", "lists-come-by-watches"}
IN_1_15 = {"aa-as-it-came", "servfail-kept", "edns-options-not-echoed", "only-queries-cached"}
IN_1_11 = {"image-without-root", "forward-metrics-renamed"}
TO_1_9 = {"no-wildcards", "cache-metrics-have-zones", "sockets-open-gone", "no-lameduck-on-reload"}
WAYS = {
    ("1.12.1", "1.14.7"): IN_LATER,
    ("1.14.7", "1.12.1"): IN_LATER,
    ("1.14.7", "1.15.0"): IN_1_15,
    ("1.15.0", "1.12.1"): IN_1_15 | IN_LATER,
    ("1.8.7", "1.9.4"): TO_1_9,
    ("1.9.4", "1.10.1"): {"no-txt-for-absent-names", "metrics-have-views"},
    ("1.10.1", "1.11.1"): IN_1_11,
    ("1.11.1", "1.11.4"): {"overflow-has-tc", "cache-keyed-by-cd", "pointers-only-with-hostname"},
    ("1.11.4", "1.12.1"): {"pointers-only-with-hostname"},
    ("1.11.3", "1.12.1"): set[str](),
    ("1.12.1", "1.13.2"): set[str](),
    ("1.14.7", "1.14.7"): set[str](),
}


def met(around: Surroundings, running: str, target: str) -> dict[str, Met]:
    """What is met on a way, by id."""
    found = met_by(read_changes(), version_of(running), version_of(target), around)
    return {one.change.id: one for one in found}


def before(version: str) -> str:
    """A version just before a release: only what comes with that is on the way."""
    major, minor, patch = version_of(version)
    return f"{major}.{minor}.{patch - 1}" if patch else f"{major}.{minor - 1}.99"


def test_every_change_has_its_case() -> None:
    """At least 25 changes, and for each the least that meets it."""
    assert len(CHANGES) >= 25
    assert set(LEAST) == set(CHANGES)


@pytest.mark.parametrize("name", LEAST)
def test_a_change_is_met_where_it_is(name: str) -> None:
    """By the least that it needs, on both ways; and nowhere by a Corefile of nothing."""
    change = CHANGES[name]
    there = met(LEAST[name], before(change.version), change.version)
    back = met(LEAST[name], change.version, before(change.version))
    assert (there[name].comes, back[name].comes) == (True, False)
    assert change.source in str(there[name])
    assert "undone below" in str(back[name])
    assert name not in met(around(block("whoami")), before(change.version), change.version)


@pytest.mark.parametrize("way", WAYS, ids=" to ".join)
def test_a_usual_cluster_meets_these_and_no_others(way: tuple[str, str]) -> None:
    """The Corefile of kubeadm, pods without hostnames, one address family, no aliases."""
    assert set(met(USUAL, *way)) == WAYS[way]


def test_what_was_taken_back_is_not_told_on_the_way_over_it() -> None:
    """From before 1.11.4 to 1.12.1 pointers stay as they are; from 1.12.0 they come back."""
    assert "pointers-only-with-hostname" not in met(USUAL, "1.11.3", "1.12.1")
    back = met(USUAL, "1.12.0", "1.12.1")["pointers-only-with-hostname"]
    assert "undone since 1.12.1" in str(back)
    assert "endpointslice shop/web-1" in back.details


def test_what_may_not_be_listed_may_be_met() -> None:
    """And the reason stands in place of the evidence."""
    blind = replace(USUAL, services=None, slices=None)
    found = met(blind, "1.12.0", "1.12.1")
    assert "EndpointSlices, which may not be listed" in found["pointers-only-with-hostname"].details


def test_conditions_are_plugins_or_known() -> None:
    """And each of the others is asked for by a change."""
    asked = {hit for change in CHANGES.values() for hit in change.hits}
    plugins = directives().plugins
    assert [hit for hit in asked - CONDITIONS.keys() if hit.partition(".")[0] not in plugins] == []
    assert CONDITIONS.keys() - asked == set()


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("", "change new: .*missing"),
        ('says = "A sentence"', "a sentence, a source and hits"),
        ('says = "A."\nkind = "colour"', "of no kind: colour"),
        ('says = "A."\nshows = [{ hue = "x" }]', "shows has no hue"),
    ],
    ids=["incomplete", "no-sentence", "kind", "shows"],
)
def test_a_row_that_is_not_whole_is_refused(tmp_path: Path, row: str, complaint: str) -> None:
    """With its id, and what is wrong."""
    path = tmp_path / "changes.toml"
    rest = 'id = "new"\nversion = "1.9.0"\nsee = "x"\nsource = "#1"\nhits = ["cache"]\n'
    kind = "" if "kind" in row else 'kind = "answers"\n'
    path.write_text(f"[[change]]\n{rest}{kind}{row}\n")
    with pytest.raises(ValueError, match=complaint):
        read_changes(path)


def test_a_change_explains_what_it_shows() -> None:
    """By field, name, type and what both sides have; the other way round on a downgrade."""
    txt = Seen("no.such.svc.cluster.local.", "TXT", "none", "first", "rcode", "NOERROR", "NXDOMAIN")
    there = met(around(block(K8S)), "1.9.4", "1.10.1")["no-txt-for-absent-names"]
    assert there.explains(txt) == 4
    assert not there.explains(replace(txt, type="A"))
    aa = Seen("example.org.", "A", "none", "again", "flags", "QR AA RD RA", "QR RD RA")
    up = met(around(block(CACHE, FWD)), "1.14.7", "1.15.0")["aa-as-it-came"]
    down = met(around(block(CACHE, FWD)), "1.15.0", "1.14.7")["aa-as-it-came"]
    assert (up.explains(aa), down.explains(aa)) == (3, 0)
    assert down.explains(replace(aa, older=aa.newer, newer=aa.older))


def page(body: str) -> Fetched:
    """The metrics of one replica."""
    return Fetched(
        "n",
        Server("pod/a", "10.244.0.2"),
        "/metrics",
        Page("http://10.244.0.2:9153/metrics", 200, body),
    )


TXT = 'coredns_dns_requests_total{server="dns://:53",type="TXT"} 7\n'


@pytest.mark.parametrize(
    ("body", "way", "words"),
    [
        (TXT, ("1.9.4", "1.10.1"), "7 for TXT"),
        (TXT, ("1.10.1", "1.11.1"), ""),
        (TXT.replace("TXT", "A"), ("1.9.4", "1.10.1"), ""),
        ("no metrics{", ("1.9.4", "1.10.1"), ""),
    ],
    ids=["asked", "not-changed", "other-type", "unreadable"],
)
def test_questions_asked_are_evidence(body: str, way: tuple[str, str], words: str) -> None:
    """By the types that a change is about, as the replicas have counted them."""
    check = checks.test_nobody_asks_for_what_changes
    said = message(check, list(met(USUAL, *way).values()), [page(body), page(body)])
    assert words in said
    assert bool(said) == bool(words), said


def rule(expr: str) -> Manifest:
    """A PrometheusRule with one alert."""
    spec = {"groups": [{"name": "dns", "rules": [{"alert": "Slow", "expr": expr}]}]}
    return {"metadata": {"name": "coredns", "namespace": "monitoring"}, "spec": spec}


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (
            "histogram_quantile(0.9, rate(coredns_forward_request_duration_seconds_bucket[5m]))",
            "Slow",
        ),
        ("rate(coredns_dns_requests_total[5m])", ""),
        ("rate(coredns_forward_max_concurrent_rejects_total[5m])", ""),
    ],
    ids=["gone", "stays", "stays-too"],
)
def test_rules_with_lost_metrics_are_named(expr: str, words: str) -> None:
    """Namespace, object, group, rule, the metric, and since when it is gone."""
    changes: Sequence[Met] = list(met(USUAL, "1.10.1", "1.11.1").values())
    said = message(checks.test_rules_name_metrics_that_stay, changes, [rule(expr)])
    assert bool(said) == bool(words), said
    if words:
        assert "prometheusrule monitoring/coredns, group dns, rule Slow" in said
        assert (
            "coredns_forward_request_duration_seconds is gone since CoreDNS 1.11.0 (#6178" in said
        )


def test_changes_are_listed_by_kind() -> None:
    """Each under its own, with evidence and source."""
    changes = list(met(USUAL, "1.12.1", "1.14.7").values())
    said = message(checks.test_nothing_known_changes, changes)
    said_so = [line.strip("~ ") for line in said.splitlines()]  # as pytest indents a message
    lines = [line for line in said_so if line.partition(":")[0] in KINDS]
    assert [line.partition(" ")[0] for line in lines] == ["answers:"] * 3 + ["metrics:"] * 2
    assert lines[4].startswith("metrics: programming-latency-of-all (since 1.14.3, #7951")
    assert message(checks.test_nothing_known_changes, []) == ""
