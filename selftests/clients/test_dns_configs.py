"""A pod that is refused for another reason than its dnsConfig says nothing about dnsConfig."""

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest
from kubernetes.client import ApiException

from clusterdns.clients.dns_configs import REFUSED, REFUSED_FOR_IT, verdict
from clusterdns.run.identity import RunId
from clusterdns.testbed.testbed import Images, Workspace


@dataclass(frozen=True)
class Refusing:
    """An API server that takes no pod, for the fields that it names."""

    status: int
    fields: tuple[str, ...]

    def request(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        error = ApiException(self.status, "Unprocessable Entity")
        error.body = json.dumps({"details": {"causes": [{"field": f} for f in self.fields]}})
        raise error


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        (422, ("spec.dnsConfig.nameservers",), REFUSED_FOR_IT),
        (422, ("spec.dnsConfig",), REFUSED_FOR_IT),
        (
            422,
            ("spec.containers[0].image",),
            "422 Unprocessable Entity for spec.containers[0].image",
        ),
    ],
    ids=["nameservers", "whole", "another-field"],
)
def test_only_a_refusal_for_the_dns_config_counts(
    status: int, fields: tuple[str, ...], said: str
) -> None:
    """The field that the API server complains of is compared, and the status."""
    assert verdict(refusing(status, fields), REFUSED[0]) == said


@pytest.mark.parametrize(
    ("status", "fields"),
    [(403, ("spec.dnsConfig",)), (422, ()), (422, ("",))],
    ids=["right-or-quota", "no-cause", "policy"],
)
def test_what_is_no_judgement_is_raised(status: int, fields: tuple[str, ...]) -> None:
    """A missing right, a quota or a policy says nothing of the proposal: it names no field."""
    with pytest.raises(ApiException):
        verdict(refusing(status, fields), REFUSED[0])


def refusing(status: int, fields: tuple[str, ...]) -> Workspace:
    """What a verdict needs, with an API server that refuses."""
    workspace = SimpleNamespace(
        cluster=Refusing(status, fields),
        run=RunId("dns-conf-00000000"),
        namespace="ns",
        images=Images("localhost/none:1", None),
    )
    return cast(Workspace, workspace)
