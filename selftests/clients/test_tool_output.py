"""What getent, dig and the musl program print."""

import pytest

from clusterdns.clients.resolver import (
    DIG,
    GETADDRINFO,
    MUSL,
    Found,
    Step,
    answered,
    read_dig,
    read_getent,
    read_musl,
    within_search_list,
)
from clusterdns.probe import Output

AHOSTS = """\
10.96.0.1       STREAM kubernetes.default.svc.cluster.local
10.96.0.1       DGRAM  
10.96.0.1       RAW    
"""  # noqa: W291 (getent pads its columns)
FOUND = Found(frozenset({"10.96.0.1"}), "kubernetes.default.svc.cluster.local.")

DENIED = """\
;; Got answer:
;; WARNING: .local is reserved for Multicast DNS
;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 31012
;; flags: qr aa rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
;; QUESTION SECTION:
;kubernetes.default.run.svc.cluster.local. IN\tA

"""
ANSWERED = """\
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 43586
;; QUESTION SECTION:
;kubernetes.default.svc.cluster.local. IN A

;; ANSWER SECTION:
kubernetes.default.svc.cluster.local. 30 IN A\t10.96.0.1
"""
STEPS = (
    Step("kubernetes.default.run.svc.cluster.local.", "NXDOMAIN"),
    Step("kubernetes.default.svc.cluster.local.", "NOERROR"),
)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (Output(0, AHOSTS, ""), FOUND),
        (Output(0, "10.96.0.1       Kubernetes.default.svc.cluster.local\n", ""), FOUND),
        (Output(0, "10.96.0.1 a.test b.test\n", ""), Found(frozenset({"10.96.0.1"}), "a.test.")),
        (Output(0, "FD00::1 STREAM a\n", ""), Found(frozenset({"fd00::1"}), "a.")),
        (Output(2, "", ""), Found(error="not found")),
        (Output(0, "", ""), Found(error="getent printed no address")),
        (Output(None, "", ""), Found(error="no answer before the deadline")),
        (Output(127, "", "no such file"), Found(error="exit code 127: no such file")),
    ],
    ids=["ahosts", "hosts", "alias", "ipv6", "missing", "empty", "late", "no-getent"],
)
def test_getent(output: Output, found: Found) -> None:
    """All addresses and the name under which they were found; else why there are none."""
    assert read_getent(output) == found


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (Output(0, DENIED + ANSWERED, ""), Found(FOUND.addresses, FOUND.name, steps=STEPS)),
        (Output(0, DENIED, ""), Found(error="NXDOMAIN", steps=STEPS[:1])),
        (
            Output(9, ";; connection timed out; no servers could be reached\n", ""),
            Found(error="exit code 9: ;; connection timed out; no servers could be reached"),
        ),
        (Output(None, DENIED, ""), Found(error="no answer before the deadline")),
        (Output(0, "", ""), Found(error="exit code 0: ")),
    ],
    ids=["found", "denied", "no-server", "late", "empty"],
)
def test_dig(output: Output, found: Found) -> None:
    """Every step of the search; the last one decides what was found."""
    assert read_dig(output) == found


def test_dig_with_several_addresses() -> None:
    """All address records of the last step count, no other ones."""
    more = "x.test. 30 IN CNAME kubernetes.default.svc.cluster.local.\n"
    found = read_dig(Output(0, ANSWERED + more + "y.test. 5 IN A 192.0.2.1\n", ""))

    assert found.addresses == {"10.96.0.1", "192.0.2.1"}


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (Output(0, "4 10.96.0.1\n6 FD00::1\n", ""), Found(frozenset({"10.96.0.1", "fd00::1"}))),
        (Output(1, "EAI_NONAME\n", ""), Found(error="EAI_NONAME")),
        (Output(127, "", "gone"), Found(error="exit code 127: gone")),
        (Output(None, "", ""), Found(error="no answer before the deadline")),
        (Output(0, "", ""), Found(error="it printed no address")),
    ],
    ids=["found", "missing", "no-program", "late", "empty"],
)
def test_musl(output: Output, found: Found) -> None:
    """Addresses of both families, or the name of the error."""
    assert read_musl(output) == found


def test_commands() -> None:
    """The name is the last word, or goes before the family."""
    assert GETADDRINFO.command("a.b", 4) == ["getent", "ahosts", "a.b"]
    assert MUSL.command("a.b", 6) == ["/resolve", "a.b", "6"]
    assert DIG.command("a.b", 6)[-4:] == ["-t", "AAAA", "-q", "a.b"]
    assert within_search_list(["getent"]) == ["env", "RES_OPTIONS=no-tld-query", "getent"]


def test_tool_that_does_not_say_the_name() -> None:
    """Musl's program prints addresses only: no name is expected of it."""
    assert MUSL.expected(FOUND.addresses, FOUND.name) == Found(FOUND.addresses)
    assert GETADDRINFO.expected(FOUND.addresses, FOUND.name) == FOUND


@pytest.mark.parametrize(
    ("output", "yes"),
    [
        (Output(0, ANSWERED, ""), True),
        (Output(0, DENIED, ""), True),
        (Output(9, ";; connection timed out; no servers could be reached\n", ""), False),
        (Output(0, ";; communications error to 10.96.0.10#53: timed out\n", ""), False),
        (Output(None, "", ""), False),
    ],
    ids=["answer", "denial", "nobody", "error", "late"],
)
def test_first_question(output: Output, yes: bool) -> None:
    """Any reply shows that the nameserver is there; no reply spares all other lookups."""
    assert answered(output) is yes


@pytest.mark.parametrize(
    ("output", "lost"),
    [
        (Output(None, "", "", 9000.0), True),
        (Output(2, "", "", 30.0), False),
        (Output(2, "", "", 10_020.0), True),  # getent says the same of what is not there
        (Output(1, "EAI_AGAIN\n", ""), True),
        (Output(0, f";; communications error to 10.96.0.10#53: timed out\n{DENIED}", ""), True),
        (Output(0, DENIED, ""), False),
    ],
)
def test_lost_question_of_a_lookup_is_seen(output: Output, lost: bool) -> None:
    """A resolver goes on without an answer, and ends with something else than the truth."""
    assert DIG.result(output).unanswered is lost
