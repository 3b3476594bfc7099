"""A Corefile in pieces: what can be taken out, where it is written, and who a question comes to."""

import pytest

from clusterdns.corefile import Reading, parse
from clusterdns.corefile.movable import NotMovableError, for_names, on_port, with_files
from clusterdns.corefile.statements import statements, without
from clusterdns.corefile.takers import takers

SNIPPET = "(odd) {\n    template IN A {\n        rcode NXDOMAIN\n    }\n}\n"
COREFILE = (
    SNIPPET
    + """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa {
        pods insecure
        fallthrough in-addr.arpa
    }
    import odd
    forward . 192.0.2.1 {
        except corp.test
    }
}
corp.test:53 example.org {
    hosts /etc/more/NodeHosts {
        192.0.2.7 db.corp.test
        fallthrough
    }
    import odd
    rewrite name old.corp.test db.corp.test
}
dns://.:5353 {
    whoami
}
"""
)


def told(text: str) -> list[str]:
    """All statements."""
    return [f"{one.kind}: {one}" for one in statements(parse(text))]


def test_each_statement_has_its_line() -> None:
    """Also those that a snippet brought, once each."""
    assert told(COREFILE) == [
        "server block: line 6: .:53 { ... }",
        "plugin: line 7: errors",
        "plugin: line 8: kubernetes cluster.local in-addr.arpa { ... }",
        "option: line 9: pods insecure",
        "option: line 10: fallthrough in-addr.arpa",
        "plugin: line 2: template IN A { ... }",
        "option: line 3: rcode NXDOMAIN",
        "plugin: line 13: forward . 192.0.2.1 { ... }",
        "option: line 14: except corp.test",
        "server block: line 17: corp.test:53 example.org { ... }",
        "plugin: line 18: hosts /etc/more/NodeHosts { ... }",
        "option: line 19: 192.0.2.7 db.corp.test",
        "option: line 20: fallthrough",
        "plugin: line 23: rewrite name old.corp.test db.corp.test",
        "server block: line 25: dns://.:5353 { ... }",
        "plugin: line 26: whoami",
    ]


def test_a_line_of_a_file_has_that_file() -> None:
    """Whoever edits it must know where it is."""
    whole = parse(".:53 {\n import more\n}\n", {"/etc/coredns/more": "log\nwhoami\n"})
    assert [str(one) for one in statements(whole)][2] == "/etc/coredns/more, line 2: whoami"


def test_each_can_be_taken_out_alone() -> None:
    """Nothing else goes with it, and nothing is refused by the parser."""
    corefile = parse(COREFILE)
    for one in statements(corefile):
        left = parse(without(corefile, [one]).to_text())
        gone = {each.text for each in statements(corefile)}
        gone -= {each.text for each in statements(left)}
        assert one.text in gone, one


def test_a_line_of_a_snippet_goes_everywhere() -> None:
    """It is one line, however many blocks import it."""
    corefile = parse(COREFILE)
    (line,) = [one for one in statements(corefile) if one.text.startswith("template")]
    assert not any(block.has("template") for block in without(corefile, [line]).blocks)


def test_what_a_name_comes_to_moves_to_another_port() -> None:
    """The blocks that may take it, without what changes no answer."""
    names = frozenset({"db.corp.test.", "www.example.net."})
    moved = on_port(for_names(parse(COREFILE), names, 53), 5601)
    keys = [[key.text for key in block.keys] for block in moved.blocks]
    assert keys == [[".:5601"], ["corp.test:5601", "example.org:5601"]]
    assert not any(block.has("errors") for block in moved.blocks)
    assert parse(moved.to_text()) == moved


def test_networks_move_too() -> None:
    """A key such as 10.0.0.0/8 has a port of its own then."""
    text = on_port(parse("10.0.0.0/8 {\n whoami\n}\n"), 5601).to_text()
    assert text.startswith("10.0.0.0/8:5601 {")
    assert parse(text).blocks[0].ports == {5601}


def test_a_variable_moves_nowhere() -> None:
    """Nobody knows what it means."""
    with pytest.raises(NotMovableError, match="line 1"):
        on_port(parse("{$ZONE}:53 {\n whoami\n}\n"), 5601)


def test_files_come_along() -> None:
    """By their absolute paths and by those from the Corefile's folder."""
    text = ".:53 {\n hosts /etc/more/NodeHosts\n file db.x x.test\n}\n"
    files = {"/etc/more/NodeHosts": "1", "/etc/coredns/db.x": "2", "/etc/coredns/unused": "3"}
    led, brought = with_files(parse(text), files, "/etc/coredns", "/here")
    assert brought == {"etc.more.NodeHosts": "1", "etc.coredns.db.x": "2"}
    assert [plugin.args[0] for plugin in led.blocks[0].plugins] == [
        "/here/etc.more.NodeHosts",
        "/here/etc.coredns.db.x",
    ]


@pytest.mark.parametrize(
    ("name", "rdtype", "path"),
    [
        ("a.svc.cluster.local.", "AAAA", "kubernetes"),
        ("a.svc.cluster.local.", "A", "template"),
        ("7.0.96.10.in-addr.arpa.", "PTR", "kubernetes forward"),
        ("www.example.net.", "AAAA", "forward"),
        ("db.corp.test.", "AAAA", "rewrite hosts"),
        ("x.corp.test.", "AAAA", "rewrite hosts"),
        ("x.corp.test.", "A", "rewrite template"),
    ],
)
def test_a_question_comes_to(name: str, rdtype: str, path: str) -> None:
    """The block with the longest zone, the order of plugin.cfg, up to the one that answers."""
    reached = takers(Reading(parse(COREFILE)), name, rdtype)
    assert " ".join(taker.plugin.name for taker in reached) == path


def test_a_name_that_nobody_serves_comes_to_nobody() -> None:
    """CoreDNS refuses it."""
    assert takers(Reading(parse("corp.test {\n whoami\n}\n")), "a.b.", "A") == ()


@pytest.mark.parametrize(
    ("line", "rdtype", "surely"),
    [
        ("template IN A {\n match ^x\n rcode NXDOMAIN\n}", "A", None),
        ("template IN A {\n match ^a\n rcode NXDOMAIN\n}", "A", True),
        ("template IN A {\n match ^a\n fallthrough\n}", "A", False),
        ("template ANY ANY b.test {\n rcode NXDOMAIN\n}", "A", None),
        ("hosts {\n 192.0.2.1 other.corp.test\n fallthrough\n}", "A", False),
        ("hosts {\n 192.0.2.1 other.corp.test\n}", "A", True),
        ("acl corp.test {\n block net *\n}", "A", False),
        ("any", "A", None),
        ("any", "ANY", True),
        ("forward . 192.0.2.1 {\n except corp.test\n}", "A", False),
        ("whoami", "A", True),
        ("chaos", "A", None),
    ],
)
def test_a_plugin_takes_it_or_not(line: str, rdtype: str, surely: bool | None) -> None:
    """Surely, perhaps, or not at all."""
    reached = takers(Reading(parse(f"corp.test {{\n{line}\n}}\n")), "a.corp.test.", rdtype)
    assert [taker.surely for taker in reached] == ([] if surely is None else [surely])
