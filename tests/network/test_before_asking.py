"""What others do to a name before any server is asked: pods rewritten, names hidden by Services."""

import pytest


@pytest.mark.about("admission")
@pytest.mark.level("advice")
def test_pods_are_stored_as_they_were_sent(rewritten: list[str]) -> None:
    """Nobody should change whom pods ask, or add containers, on their way into the API."""
    assert rewritten == [], "\n".join(rewritten)


@pytest.mark.about("hidden-names")
@pytest.mark.level("advice")
def test_no_service_hides_a_name_outside(hidden_names: list[str]) -> None:
    """No Service should have the name of something outside by way of the search list."""
    assert hidden_names == [], "\n".join(hidden_names)
