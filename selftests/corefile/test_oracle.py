"""How verdicts of the real CoreDNS are kept, and when a record is called untrue."""

import pytest

from selftests.corefile.oracle.collection import LONG_PATTERN, samples_of
from selftests.corefile.oracle.verdicts import Said, by_version, differences, last_line, spans

REFUSED = "plugin/cache: Corefile:3 - Error during parsing: unknown property 'x'"


def test_neighbours_that_say_the_same_share_a_row() -> None:
    """A row is where something changed; what was not recorded is in none."""
    said = {"1.9.4": "starts", "1.10.1": "starts", "1.11.3": REFUSED, "1.13.2": REFUSED}
    rows = {"1.9.4 to 1.10.1": "starts", "1.11.3": REFUSED, "1.13.2": REFUSED}
    assert spans(said) == rows
    assert by_version(rows) == said


def test_an_untrue_record_is_named() -> None:
    """One line for a Corefile and the versions of which its record is untrue."""
    old = {"a/b": {"1.14.7": "starts", "1.15.0": "starts"}, "a/gone": {"1.15.0": "starts"}}
    new = {"a/b": {"1.14.7": "starts", "1.15.0": REFUSED}, "a/new": {"1.15.0": "starts"}}
    assert differences(old, new) == [
        f"a/b: CoreDNS 1.15.0: recorded 'starts', found {REFUSED!r}",
        "a/gone: is recorded, and no longer in the collection",
        "a/new: CoreDNS 1.15.0: recorded 'nothing', found 'starts'",
    ]


@pytest.mark.parametrize(
    ("text", "file", "line", "plugin"),
    [
        (REFUSED, "", 3, "cache"),
        ("Corefile:2 - Error during parsing: Unknown directive 'prxy'", "", 2, "prxy"),
        (
            "/etc/coredns/custom/a.override:7 - Syntax error",
            "/etc/coredns/custom/a.override",
            7,
            "",
        ),
        ("plugin/hosts: this plugin can only be used once per Server Block", "", 0, "hosts"),
    ],
)
def test_what_a_verdict_names(text: str, file: str, line: int, plugin: str) -> None:
    """The place and the plugin are those of CoreDNS' own words."""
    said = Said(text)
    assert (said.file, said.line, said.plugin, said.starts) == (file, line, plugin, False)


def test_the_last_line_counts() -> None:
    """Warnings before it, its mark and the folder of the Corefile are no part of the verdict."""
    output = "[WARNING] plugin/x: y\n[ERROR] /etc/coredns/Corefile:3 - Syntax error\n\n"
    assert last_line(output) == "Corefile:3 - Syntax error"


def test_a_file_of_the_collection() -> None:
    """Corefiles with what they import, and a pattern that is too long to be written."""
    text = "About.\n\n=== one\n. {\n@LONG@\n}\n--- /etc/a\nx\n=== two\n. {\n}\n"
    one, two = samples_of("topic", text)
    assert (one.name, one.text) == ("topic/one", f". {{\n{LONG_PATTERN}\n}}\n")
    assert (one.files, two.text) == ({"/etc/a": "x\n"}, ". {\n}\n")


def test_two_corefiles_of_one_name() -> None:
    """The name is what a record belongs to."""
    with pytest.raises(ValueError, match="two Corefiles of the name 'one'"):
        list(samples_of("topic", "\n=== one\n. {\n}\n=== one\n. {\n}\n"))
