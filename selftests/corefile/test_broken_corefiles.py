"""Corefiles that CoreDNS refuses, or takes for something else: named with line and reason."""

from typing import Any

import pytest

from clusterdns.corefile import CorefileError, Finding, findings, parse
from selftests.corefile.corefiles import cases, text_of

VERSION = "1.12.1"
UNREADABLE = cases("broken", having="parser")
REFUSED = cases("broken", lacking="parser")


@pytest.mark.parametrize(("name", "entry"), UNREADABLE)
def test_text_that_cannot_be_read(name: str, entry: dict[str, Any]) -> None:
    """The error must name the line and say what to look for."""
    with pytest.raises(CorefileError) as caught:
        parse(text_of(f"broken/{name}"))
    assert caught.value.line == entry["line"]
    assert entry["says"] in caught.value.message


@pytest.mark.parametrize(("name", "entry"), REFUSED)
def test_text_that_is_refused(name: str, entry: dict[str, Any]) -> None:
    """The first finding must be an error with the line and the reason."""
    first = findings(parse(text_of(f"broken/{name}")), VERSION)[0]
    assert (first.level, first.line) == ("error", entry["line"]), first
    assert entry["says"] in str(first)


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("stray-brace", 4, "the block of cache has no plugins"),
        ("stray-brace-at-end", 4, "this '}' closes nothing"),
        ("empty", 0, "there is no server block"),
        ("no-address", 1, "this block has no address"),
        ("glued-comma", 1, "is one zone for CoreDNS"),
        ("missing-last-brace", 3, "without 'loop'"),
    ],
)
def test_text_that_means_something_else(name: str, line: int, says: str) -> None:
    """What CoreDNS accepts without meaning it must be remarked upon, and not called an error."""
    found = findings(parse(text_of(f"odd/{name}")), VERSION)
    assert [str(one) for one in found if one.level == "error"] == []
    assert any(one.line == line and says in one.message for one in found), found


def test_a_finding_reads_as_a_sentence() -> None:
    """What a user sees: the place, the fault and what to do."""
    finding = Finding("error", "proxy", 3, "the plugin 'proxy' is gone", "write 'forward'")
    assert str(finding) == "Corefile, line 3: the plugin 'proxy' is gone (write 'forward')"
