"""What somebody changes in pods on their way into the API is seen, and defaults are no change."""

from copy import deepcopy

import pytest

from clusterdns.cluster import Manifest
from clusterdns.run.identity import RunId
from clusterdns.testbed import manifests
from clusterdns.testbed.rewritten import changes


def sent() -> Manifest:
    """A pod as we send it."""
    return manifests.pod(RunId.new(), "probe-0", "ours", "image")


def stored(**spec: object) -> Manifest:
    """The pod as the API stores it: with its defaults, and these fields changed."""
    pod = deepcopy(sent())
    pod["spec"] |= {"schedulerName": "default-scheduler", "priority": 0, "serviceAccountName": "x"}
    pod["spec"]["containers"][0] |= {"terminationMessagePath": "/dev/termination-log"}
    pod["spec"]["tolerations"].append({"key": "node.kubernetes.io/not-ready"})
    del pod["spec"]["hostNetwork"]  # as the API leaves out what is false
    pod["spec"] |= spec
    return pod


def test_defaults_are_no_change() -> None:
    """What every API server fills in."""
    assert list(changes(sent(), stored())) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dnsConfig", {"nameservers": ["192.0.2.9"]}),
        ("dnsPolicy", "None"),
        ("hostAliases", [{"ip": "192.0.2.9", "hostnames": ["a.lab"]}]),
        ("hostNetwork", True),
        ("initContainers", [{"name": "proxy-init"}]),
        ("containers", [{"name": "main"}, {"name": "proxy"}]),
    ],
)
def test_change_is_named_by_its_field(field: str, value: object) -> None:
    """One line, which begins with the field."""
    (line,) = changes(sent(), stored(**{field: value}))
    assert line.startswith(f"{field}: ")
