"""What CoreDNS accepts and we remark upon."""

import pytest

from clusterdns.corefile import findings, parse
from selftests.corefile.corefiles import text_of

HEALTHY = text_of("kubeadm-1.34")


def remarks(text: str, version: str = "1.12.1", level: str = "advice") -> list[str]:
    """The plugins that are remarked upon."""
    found = findings(parse(text), version, dns_addresses=["10.96.0.10"])
    return [one.plugin for one in found if one.level == level]


@pytest.mark.parametrize(
    ("name", "version"), [("kubeadm-1.34", "1.12.1"), ("kubeadm-1.31", "1.11.3")]
)
def test_the_usual_corefile_needs_no_advice(name: str, version: str) -> None:
    """Today's default must pass without a remark that asks for a change."""
    assert remarks(text_of(name), version) == []


@pytest.mark.parametrize(
    "plugin", ["errors", "health", "ready", "prometheus", "loop", "reload", "cache", "forward"]
)
def test_what_is_missing_is_named(plugin: str) -> None:
    """Without one of the usual plugins that plugin is named."""
    (block,) = parse(HEALTHY).blocks
    rest = "\n".join(line for one in block.plugins if one.name != plugin for line in one.lines(1))
    assert remarks(f". {{\n{rest}\n}}") == [plugin]


def test_ready_is_not_missed_where_it_does_not_exist() -> None:
    """Advice must be possible to follow in the version at hand."""
    assert "ready" not in remarks(text_of("kubeadm-1.14"), "1.3.1")


@pytest.mark.parametrize(
    ("upstream", "says"),
    [
        ("127.0.0.1", "is this CoreDNS itself"),
        ("127.0.0.53:53", "is this CoreDNS itself"),
        ("::1", "is this CoreDNS itself"),
        ("10.96.0.10", "is the cluster's own DNS"),
    ],
)
def test_upstreams_that_come_back(upstream: str, says: str) -> None:
    """An upstream that is CoreDNS itself makes a loop."""
    text = HEALTHY.replace("/etc/resolv.conf", upstream)
    found = findings(parse(text), "1.12.1", dns_addresses=["10.96.0.10"])
    assert [says in one.message for one in found if one.level == "advice"] == [True]


def test_an_upstream_in_a_sidecar_is_no_loop() -> None:
    """Loopback on a port that CoreDNS does not have is worth knowing, and no more."""
    text = HEALTHY.replace("/etc/resolv.conf", "127.0.0.1:5353")
    assert remarks(text) == []
    assert "forward" in remarks(text, level="info")


@pytest.mark.parametrize(
    ("before", "after", "plugin"),
    [
        ("fallthrough in-addr.arpa ip6.arpa", "fallthrough ip6.arpa", "kubernetes"),
        ("errors\n", "errors\n autopath @kubernetes\n", "autopath"),
        ("errors\n", "errors\n transfer {\n to *\n }\n", "transfer"),
        ("ttl 30\n", "ttl 30\n endpoint http://a http://b\n", "kubernetes"),
    ],
)
def test_settings_that_hurt(before: str, after: str, plugin: str) -> None:
    """Reverse zones that end here, an autopath that does nothing, an open zone transfer."""
    assert remarks(HEALTHY.replace(before, after)) == [plugin]


def test_a_long_memory_for_what_does_not_exist() -> None:
    """A Service that is asked for too early must not stay unknown for minutes."""
    text = text_of("kubeadm-1.31").replace("cache 30", "cache").replace("ttl 30", "ttl 300")
    found = [one for one in findings(parse(text), "1.11.3") if one.level == "advice"]
    assert [one.message.rpartition("unknown for ")[2] for one in found] == ["300 s", "1800 s"]


def test_options_that_do_nothing() -> None:
    """What a version reads and ignores is named with its remedy."""
    found = findings(parse(text_of("kubeadm-1.14")), "1.6.2")
    assert [one.line for one in found if "ignores the option 'upstream'" in one.message] == [6]


def test_an_import_softens_what_is_missing() -> None:
    """What is missing may stand in a file that is not known here."""
    text = HEALTHY.replace("    loop\n", "").replace("reload\n", "import custom/*.override\n")
    assert remarks(text) == []
    assert {"loop", "reload"} <= set(remarks(text, level="info"))
