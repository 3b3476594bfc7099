"""What needs no pod to be asked is judged where no probe can be had."""

from unittest.mock import Mock

import pytest

from clusterdns.inventory.inventory import Inventory
from clusterdns.probe import ProbeLostError
from fixtures import setup
from fixtures.outcomes import NotJudged


def inventory_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> object:
    """The fixture inventory, where the testbed ends with this error and the first look is there."""
    monkeypatch.setattr(setup, "wanted_fixtures", lambda _session: {"testbed"})
    request = Mock(**{"getfixturevalue.side_effect": error})
    return setup.inventory._get_wrapped_function()(request, Mock(spec=Inventory, name="first"))


@pytest.mark.parametrize(
    "error", [ProbeLostError("no exec"), NotJudged("not-run", "no node is ready")], ids=repr
)
def test_names_decide_where_nobody_can_be_asked(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right to exec the Service, its slices and the Corefile are judged."""
    assert isinstance(inventory_with(monkeypatch, error), Inventory)


@pytest.mark.parametrize("error", [ValueError("a mistake"), KeyboardInterrupt()], ids=repr)
def test_a_mistake_of_the_suite_is_not_swallowed(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the end of the session."""
    with pytest.raises(type(error)):
        inventory_with(monkeypatch, error)
