"""What each CoreDNS version has, and what it refuses."""

import pytest

from clusterdns.corefile import findings, parse
from clusterdns.corefile.directives import directives, version_of


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.12.1", (1, 12, 1)),
        ("v1.9.3-eksbuild.2", (1, 9, 3)),
        ("1.11", (1, 11, 0)),
        ("v1.10.1+rke2", (1, 10, 1)),
    ],
)
def test_versions(text: str, version: tuple[int, int, int]) -> None:
    """The tags of the distributions are read as what they are built from."""
    assert version_of(text) == version


def test_no_version() -> None:
    """A tag that is no version is an error, not version 0."""
    with pytest.raises(ValueError, match="is not a version"):
        version_of("latest")


@pytest.mark.parametrize(
    ("plugin", "first", "before"),
    [
        ("loop", "1.2.1", "1.2.0"),
        ("ready", "1.5.0", "1.4.0"),
        ("transfer", "1.6.5", "1.6.4"),
        ("bufsize", "1.6.6", "1.6.5"),
        ("minimal", "1.8.4", "1.8.3"),
        ("tsig", "1.9.4", "1.9.3"),
        ("view", "1.10.0", "1.9.4"),
        ("timeouts", "1.10.1", "1.10.0"),
        ("multisocket", "1.12.0", "1.11.4"),
        ("quic", "1.12.2", "1.12.1"),
        ("nomad", "1.13.0", "1.12.4"),
        ("siit", "1.15.0", "1.14.7"),
    ],
)
def test_plugins_that_came(plugin: str, first: str, before: str) -> None:
    """A plugin is known from its first version on, and not before."""
    known = directives()
    assert plugin in known.known_to(version_of(first))
    assert plugin not in known.known_to(version_of(before))


@pytest.mark.parametrize(
    ("plugin", "last", "gone"), [("proxy", "1.4.0", "1.5.0"), ("federation", "1.6.9", "1.7.0")]
)
def test_plugins_that_went(plugin: str, last: str, gone: str) -> None:
    """A plugin is known up to its last version, and not after."""
    known = directives()
    assert plugin in known.known_to(version_of(last))
    assert plugin not in known.known_to(version_of(gone))


@pytest.mark.parametrize(
    ("plugin", "option", "accepted", "refused"),
    [
        ("kubernetes z", "upstream", "1.6.9", "1.7.0"),
        ("kubernetes z", "resyncperiod 5m", "1.6.9", "1.7.0"),
        ("kubernetes z", "transfer to *", "1.7.1", "1.8.0"),
        ("kubernetes z", "startup_timeout 5s", "1.12.3", "1.12.2"),
        ("kubernetes z", "namespace_labels a=b", "1.5.0", "1.4.0"),
        ("forward . ::1", "max_concurrent 9", "1.6.8", "1.6.7"),
        ("forward . ::1", "next NXDOMAIN", "1.11.4", "1.11.3"),
        ("cache", "serve_stale", "1.6.6", "1.6.5"),
        ("cache", "serve_stale 1h verify", "1.9.2", "1.9.1"),
        ("cache", "disable success", "1.9.4", "1.9.3"),
        ("cache", "servfail 1s", "1.9.4", "1.9.3"),
        ("cache", "keepttl", "1.10.1", "1.10.0"),
        ("errors", 'consolidate 5m ".*" warning', "1.8.6", "1.8.5"),
        ("errors", "stacktrace", "1.9.3", "1.9.2"),
        ("ready", "monitor continuously", "1.12.2", "1.12.1"),
    ],
)
def test_options_that_came_or_went(plugin: str, option: str, accepted: str, refused: str) -> None:
    """An option is an error in the one version and none in its neighbour."""
    corefile = parse(f". {{\n {plugin} {{\n  {option}\n }}\n}}")
    errors = {
        version: [one.line for one in findings(corefile, version) if one.level == "error"]
        for version in (accepted, refused)
    }
    assert errors == {accepted: [], refused: [3]}


def test_several_forwards() -> None:
    """Before 1.9.4 a server block had one forward at most."""
    corefile = parse(". {\n forward a.org ::1\n forward . ::2\n}")
    errors = {
        version: [one.line for one in findings(corefile, version) if one.level == "error"]
        for version in ("1.9.3", "1.9.4")
    }
    assert errors == {"1.9.3": [3], "1.9.4": []}


def test_plugins_of_a_build_of_its_own() -> None:
    """A plugin that was compiled in is no error."""
    corefile = parse(". {\n unbound\n}")
    found = findings(corefile, "1.12.1", extra_plugins=["unbound"])
    assert [one for one in found if one.level == "error"] == []


def test_a_version_that_is_newer_than_the_table() -> None:
    """What is unknown may be new: then it is no error."""
    corefile = parse(". {\n surprise\n cache {\n  surprise\n }\n}")
    found = findings(corefile, "1.99.0")
    assert [(one.level, one.line) for one in found if "not known here" in one.message] == [
        ("advice", 2),
        ("advice", 4),
    ]


LONG = "a" * 10_001


@pytest.mark.parametrize(
    ("text", "line", "accepted", "refused"),
    [
        ("any EXTRA", 2, "1.14.3", "1.14.4"),
        ("any {\n  x\n }", 2, "1.14.3", "1.14.4"),
        ("local EXTRA", 2, "1.14.3", "1.14.4"),
        ("local {\n  x\n }", 2, "1.14.3", "1.14.4"),
        ("local {\n  localhost_prefix off\n }", 2, "1.14.5", "1.14.4"),
        ("chaos {\n  x\n }", 3, "1.14.3", "1.14.4"),
        ("trace {\n  x\n }", 3, "1.14.3", "1.14.4"),
        ("dnstap /tmp/x {\n  x\n }", 3, "1.14.3", "1.14.4"),
        ("ready {\n  x\n }", 3, "1.14.3", "1.14.4"),
        ("ready {\n  x\n }", 3, "1.12.2", "1.12.1"),
        ("multisocket 1025", 2, "1.13.1", "1.13.2"),
        ("secondary", 2, "1.12.1", "1.12.2"),
        ("header {\n  set ra\n }", 3, "1.12.3", "1.12.4"),
        ("forward . ::1 {\n  failover NOERROR\n }", 3, "1.13.1", "1.13.2"),
        ("dns64 64:ff9b::/80", 2, "1.14.7", "1.15.0"),
        ("dns64 {\n  prefix 64:ff9b::/72\n }", 3, "1.14.7", "1.15.0"),
        (f"rewrite name regex {LONG} b", 2, "1.13.2", "1.14.0"),
        (f"rewrite stop {{\n  name regex {LONG} b\n }}", 2, "1.13.2", "1.14.0"),
        (f"rewrite ttl regex {LONG} 30", 2, "1.13.2", "1.14.0"),
        (f"template IN A {{\n  match {LONG}\n  rcode NXDOMAIN\n }}", 3, "1.13.2", "1.14.0"),
        (f"errors {{\n  consolidate 5m {LONG}\n }}", 3, "1.13.2", "1.14.0"),
        (f"auto {{\n  directory / ({LONG}) b\n }}", 3, "1.13.1", "1.13.2"),
    ],
    ids=lambda value: value if len(value := str(value)) < 60 else f"{value[:30]}...",
)
def test_refusals_that_came_or_went(text: str, line: int, accepted: str, refused: str) -> None:
    """What only some versions refuse is an error in these, at its line, and in no other."""
    corefile = parse(f". {{\n {text}\n}}")
    errors = {
        version: [one.line for one in findings(corefile, version) if one.level == "error"]
        for version in (accepted, refused)
    }
    assert errors == {accepted: [], refused: [line]}


@pytest.mark.parametrize(
    "text",
    [
        "header",
        "header {\n  query\n }",
        "header {\n  response toggle ra\n }",
        "header {\n  response set\n }",
        "header {\n  response set tc\n }",
        "dns64 192.0.2.0/24",
        "dns64 64:ff9b::",
        "dns64 64:ff9b::/33",
        "dns64 64:ff9b::/96 more",
        "dns64 {\n  translate\n }",
        "dnstap",
    ],
)
def test_what_every_version_refuses(text: str) -> None:
    """These never started."""
    corefile = parse(f". {{\n {text}\n}}")
    for version in ("1.9.4", "1.12.1", "1.15.0"):
        errors = [one for one in findings(corefile, version) if one.level == "error"]
        assert len(errors) == 1, (version, errors)
