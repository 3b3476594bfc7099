"""The grammar of Corefiles, its surprises included."""

import pytest

from clusterdns.corefile import CorefileError, Option, Plugin, ServerBlock, keys_of, parse
from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.lexer import tokens_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b\tc", ["a", "b", "c"]),
        ('a "b c" d', ["a", "b c", "d"]),
        ('"say \\"hi\\"" \\n', ['say "hi"', "\\n"]),
        ('"a\\b"', ["a\\b"]),
        ('""', [""]),
        ('a"b c"', ['a"b', 'c"']),
        ('"never closed', ["never closed"]),
        ("a # b\nc", ["a", "c"]),
        ("a#b c", ["a", "c"]),
        ('"a # b"', ["a # b"]),
        ("a\r\nb", ["a", "b"]),
        ("\ufeffa", ["a"]),
        ("a\u00a0b", ["a", "b"]),
        ("{$A} {%B%}", ["{$A}", "{%B%}"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Quotes, escapes, comments and white space are those of CoreDNS' lexer."""
    assert [token.text for token in tokens_of(text)] == words


def test_lines_are_counted_through_quotes() -> None:
    """A word knows the line on which it begins, and the one on which it ends."""
    found = [(token.line, token.last_line) for token in tokens_of('a "b\nc"\n# d\ne')]
    assert found == [(1, 1), (1, 2), (4, 4)]


@pytest.mark.parametrize(
    ("key", "scheme", "zones", "port"),
    [
        (".", "dns", (".",), 53),
        ("example.org", "dns", ("example.org.",), 53),
        ("Example.ORG.:1053", "dns", ("Example.ORG.",), 1053),
        ("dns://example.org", "dns", ("example.org.",), 53),
        ("tls://example.org", "tls", ("example.org.",), 853),
        ("grpc://.", "grpc", (".",), 443),
        ("https://example.org:8443", "https", ("example.org.",), 8443),
        ("quic://.", "quic", (".",), 853),
        ("10.0.0.0/8", "dns", ("10.in-addr.arpa.",), 53),
        ("192.168.1.0/24:54", "dns", ("1.168.192.in-addr.arpa.",), 54),
        ("10.96.0.0/15", "dns", ("96.10.in-addr.arpa.", "97.10.in-addr.arpa."), 53),
        ("2001:db8::/32", "dns", ("8.b.d.0.1.0.0.2.ip6.arpa.",), 53),
        ("fd00:10::/31", "dns", ("0.1.0.0.0.0.d.f.ip6.arpa.", "1.1.0.0.0.0.d.f.ip6.arpa."), 53),
        ("{$ZONE}:53", "dns", ("{$ZONE}:53",), 53),
    ],
)
def test_keys(key: str, scheme: str, zones: tuple[str, ...], port: int) -> None:
    """Scheme, zones and port of an address; networks become reverse zones."""
    (found,) = keys_of(key)
    assert (found.scheme, found.zones, found.port) == (scheme, zones, port)


@pytest.mark.parametrize("key", [":53", "a..b", ".a", "x" * 64, "a.b:", "::/0", "a\\"])
def test_keys_that_are_no_zone(key: str) -> None:
    """What is no name is refused, as CoreDNS does."""
    with pytest.raises(CorefileError):
        keys_of(key)


def test_several_keys_over_several_lines() -> None:
    """A comma at the end of a line announces more keys."""
    (block,) = parse("a.org,\nb.org c.org:54 {\n whoami\n}").blocks
    assert block.zones == ("a.org.", "b.org.", "c.org.")
    assert block.ports == {53, 54}


def test_one_block_needs_no_braces() -> None:
    """Without braces everything belongs to the one block."""
    (block,) = parse(".\nwhoami\nerrors").blocks
    assert [plugin.name for plugin in block.plugins] == ["whoami", "errors"]


def test_options_and_their_lines() -> None:
    """Options keep order, arguments, what is nested in them, and their lines."""
    text = ". {\n log\n a b {\n  c d e\n  f {\n   g\n  }\n  c h\n }\n}"
    log, plugin = parse(text).blocks[0].plugins
    assert (log.line, plugin.line, [option.line for option in plugin.options]) == (2, 3, [4, 5, 8])
    assert plugin.options == (
        Option("c", ("d", "e")),
        Option("f", (), (Option("g"),)),
        Option("c", ("h",)),
    )
    assert plugin.option("c") == Option("c", ("h",))


def test_snippets_are_put_in_their_places() -> None:
    """An import of a snippet brings its plugins, with the lines of the snippet."""
    (block,) = parse("(s) {\n errors\n log\n}\n. {\n import s\n whoami\n}").blocks
    assert [(plugin.name, plugin.line) for plugin in block.plugins] == [
        ("errors", 2),
        ("log", 3),
        ("whoami", 7),
    ]


def test_a_snippet_within_a_plugin() -> None:
    """An import may bring options, too."""
    (block,) = parse("(o) {\n max_fails 3\n}\n. {\n forward . ::1 {\n  import o\n }\n}").blocks
    assert block.plugins[0].options == (Option("max_fails", ("3",)),)


def test_an_import_that_never_ends_is_an_error() -> None:
    """A snippet that brings itself must not hang us, as it hangs older versions of CoreDNS."""
    with pytest.raises(CorefileError, match="never ends"):
        parse("(s) {\n import s\n}\n. {\n import s\n}")


def test_relative_imports_start_beside_the_corefile() -> None:
    """A pattern is relative to /etc/coredns, and takes files in order of their names."""
    files = {"/etc/coredns/x/b.conf": "log", "/etc/coredns/x/a.conf": "errors"}
    (block,) = parse(". {\n import x/*.conf\n}", files).blocks
    assert [plugin.name for plugin in block.plugins] == ["errors", "log"]


def test_a_built_corefile_can_be_read_again() -> None:
    """A model that was made by hand becomes text that means the same."""
    block = ServerBlock(
        keys_of("example.org .:1053"),
        (
            Plugin("errors"),
            Plugin("log", (".", "{name} {type}"), (Option("class", ("error",)),)),
            Plugin("template", ("IN", "A"), (Option("answer", ('{{ .Name }} 60 IN TXT "x"',)),)),
        ),
    )
    assert parse(block.to_text()).blocks == (block,)


@pytest.mark.parametrize("word", ["{", "}", "a b\\"])
def test_words_that_cannot_be_written(word: str) -> None:
    """There is no way to write these in a Corefile: no wrong file may come of them."""
    with pytest.raises(ValueError, match="cannot hold"):
        ServerBlock(keys_of("."), (Plugin("log", (word,)),)).to_text()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m30s", 90),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("0", 0),
        ("-5s", -5),
        ("+1s", 1),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """Durations are those of Go."""
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "5 s", "1d", "--1s", "1s2"])
def test_no_durations(text: str) -> None:
    """What Go refuses is refused."""
    with pytest.raises(ValueError, match="is not a duration"):
        seconds_of(text)


def test_values_of_the_environment_take_their_places() -> None:
    """Variables that are known are replaced where CoreDNS does it; others stay as they are."""
    text = "{$ZONE}:53 {\n forward . {%UP%}:{$PORT} {$OTHER} {$NONE}\n import {$FILE}\n}"
    known = {"ZONE": "a.org", "UP": "::1", "PORT": "54", "NONE": "", "FILE": "/x"}
    (block,) = parse(text, {"/x": "log {$ZONE}"}, environment=known).blocks
    assert block.zones == ("a.org.",)
    assert [plugin.args for plugin in block.plugins] == [
        (".", "::1:54", "{$OTHER}", ""),
        ("a.org",),
    ]


def test_a_variable_that_holds_itself() -> None:
    """It ends, where CoreDNS would not."""
    assert parse(". {\n log {$A}\n}", environment={"A": "x{$A}"}).blocks[0].has("log")
