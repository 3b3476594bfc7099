"""Names that hold a pod's address (specification 1.0.1, 2.6), as the Corefile's pods mode says."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.pod_records import PodRecords
from clusterdns.objects.wanted import each

pytestmark = [pytest.mark.level("may"), pytest.mark.needs("pod-records")]


@pytest.mark.spec("L-2.6")
def test_address_of_a_pod_has_a_name(everyone: Everyone, pod_records: PodRecords) -> None:
    """The name of a running pod's address may lead to it: it does unless pods are disabled."""
    wanted = pod_records.of_running_pods
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("L-2.6")
def test_address_of_no_pod_has_a_name_when_unverified(
    everyone: Everyone, pod_records: PodRecords
) -> None:
    """Any address may have a name in mode insecure, of both families, and in no other mode."""
    wanted = pod_records.of_no_pod
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("L-2.6")
def test_name_that_is_no_address_does_not_exist(
    everyone: Everyone, pod_records: PodRecords
) -> None:
    """What is no address, or in no namespace that exists, may have no name in any mode."""
    wanted = pod_records.of_nothing
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers
