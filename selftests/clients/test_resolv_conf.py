"""resolv.conf as it is read."""

import pytest

from clusterdns.resolvconf import ResolvConf

WRITTEN = """\
search a.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
"""


def test_file_of_the_kubelet() -> None:
    """What the kubelet writes is read whole."""
    conf = ResolvConf.parse(WRITTEN)

    assert conf == ResolvConf(
        ("10.96.0.10",),
        ("a.svc.cluster.local", "svc.cluster.local", "cluster.local"),
        frozenset({"ndots:5"}),
    )


@pytest.mark.parametrize(
    ("text", "conf"),
    [
        ("", ResolvConf()),
        ("# nameserver 192.0.2.1\n; search x\n", ResolvConf()),
        ("nameserver\n", ResolvConf()),
        ("nameserver 192.0.2.1 # ours\n", ResolvConf(("192.0.2.1",))),
        ("\tnameserver\t2001:db8::1\n", ResolvConf(("2001:db8::1",))),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", ResolvConf(("192.0.2.1",) * 2)),
        ("search a b\nsearch c\n", ResolvConf(search=("c",))),
        ("search a\ndomain d\n", ResolvConf(search=("d",))),
        ("search\n", ResolvConf()),
        ("search . a.\n", ResolvConf(search=(".", "a"))),
        ("options ndots:2\noptions edns0\n", ResolvConf(options=frozenset({"ndots:2", "edns0"}))),
        ("nameserver 192.0.2.1\r\n", ResolvConf(("192.0.2.1",))),
    ],
    ids=[
        "empty", "comments", "no-address", "comment-behind", "tabs", "twice", "last-search",
        "domain-last", "no-suffix", "root-and-final-dot", "two-option-lines", "line-ends",
    ],
)  # fmt: skip
def test_edge(text: str, conf: ResolvConf) -> None:
    """What resolv.conf(5) allows and what editors leave behind is read as the resolver does."""
    assert ResolvConf.parse(text) == conf


@pytest.mark.parametrize(
    ("options", "ndots"), [({"ndots:5"}, 5), ({"edns0"}, 1), ({"ndots:"}, 1), ({"ndots:x"}, 1)]
)
def test_ndots(options: set[str], ndots: int) -> None:
    """Ndots is 1 unless it is said and a number."""
    assert ResolvConf(options=frozenset(options)).ndots == ndots


def test_suffixes_of_the_node() -> None:
    """What is not of the cluster comes from the node, in its order."""
    search = ("a.svc.cluster.local", "svc.cluster.local", "cluster.local", "x.test", "y.test")

    assert ResolvConf(search=search).host_search("a", "cluster.local") == ("x.test", "y.test")
