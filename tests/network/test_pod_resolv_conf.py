"""resolv.conf of pods: what each DNS policy makes of it, on every node."""

import pytest

from clusterdns.clients.dns_configs import ACCEPTED, REFUSED, RELAXED, Proposal, verdict
from clusterdns.clients.hostnames import CUT, PodNames
from clusterdns.clients.planned import Role, crowded, merged
from clusterdns.clients.policies import PodFiles
from clusterdns.matrix.tally import Tally
from clusterdns.testbed.testbed import Testbed, Workspace

OF_THE_CLUSTER = (Role.CLUSTER_FIRST, Role.HOST_NETWORK, Role.SECOND)
OF_THE_NODE = (Role.DEFAULT, Role.FALLBACK)


@pytest.mark.spec("D1", "D5")
@pytest.mark.parametrize("role", OF_THE_CLUSTER, ids=str)
def test_nameserver_is_the_dns_service(pod_files: PodFiles, role: Role, tally: Tally) -> None:
    """The nameservers must be cluster IPs of the DNS Service, or a node-local cache's."""
    found = pod_files.nameservers(role).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D1", "D2", "D5")
@pytest.mark.parametrize("role", OF_THE_CLUSTER, ids=str)
def test_search_list_is_the_clusters(pod_files: PodFiles, role: Role, tally: Tally) -> None:
    """The search list must be the pod's own namespace, svc, the domain, then the node's own."""
    found = pod_files.search(role).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D1", "D5", "D9")
@pytest.mark.parametrize("role", OF_THE_CLUSTER, ids=str)
def test_options_are_ndots_5(pod_files: PodFiles, role: Role, tally: Tally) -> None:
    """The options must be ndots:5 and no other, not those of the node."""
    found = pod_files.options(role).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D1", "D22")
@pytest.mark.usefixtures("musl")
def test_musl_reads_the_same_file(pod_files: PodFiles, tally: Tally) -> None:
    """The image must not matter: a pod with musl must get the same file as one with glibc."""
    found = pod_files.same_as(Role.MUSL, Role.CLUSTER_FIRST).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D3", "D18", "D19")
@pytest.mark.parametrize("role", OF_THE_NODE, ids=str)
def test_node_policy_cannot_loop(pod_files: PodFiles, role: Role, tally: Tally) -> None:
    """Pods with the node's nameservers must not be told loopback addresses or cluster DNS."""
    found = pod_files.no_loop(role).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D4")
def test_host_network_falls_back_to_default(pod_files: PodFiles, tally: Tally) -> None:
    """On the node's network, ClusterFirst must mean the same as Default."""
    found = pod_files.same_as(Role.FALLBACK, Role.DEFAULT).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D7")
def test_none_is_what_was_given(pod_files: PodFiles, tally: Tally) -> None:
    """With dnsPolicy None the file must hold what dnsConfig says and nothing else."""
    found = pod_files.as_given().noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D8")
def test_config_is_appended(pod_files: PodFiles, testbed: Testbed, tally: Tally) -> None:
    """A dnsConfig must come behind the defaults, each value once, its options instead of theirs."""
    found = pod_files.with_config(Role.MERGED, merged(testbed.domain)).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D10", "D12")
def test_config_is_cut_at_the_limits(pod_files: PodFiles, tally: Tally) -> None:
    """Of more than three nameservers or 32 suffixes the first must be kept."""
    found = pod_files.with_config(Role.CROWDED, crowded()).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.level("should")
@pytest.mark.spec("D10", "D12")
def test_cutting_is_warned_of(pod_names: PodNames) -> None:
    """The kubelet should warn of what it cut off, in events of the pod."""
    found = pod_names.warnings()
    assert found == set(CUT), sorted(found)


@pytest.mark.spec("D6", "D11")
@pytest.mark.parametrize("proposal", REFUSED, ids=str)
def test_bad_config_is_refused(workspace: Workspace, proposal: Proposal) -> None:
    """The API must refuse a pod whose dnsConfig cannot work."""
    said = verdict(workspace, proposal)
    assert said.startswith("422"), f"{proposal.policy} with {proposal.given}: {said}"


@pytest.mark.spec("D11")
@pytest.mark.parametrize("proposal", ACCEPTED, ids=str)
def test_config_at_the_limits_is_accepted(workspace: Workspace, proposal: Proposal) -> None:
    """The API must take a pod whose dnsConfig just fits."""
    said = verdict(workspace, proposal)
    assert said == "accepted", f"{proposal.policy} with {proposal.given}: {said}"


@pytest.mark.spec("D14")
@pytest.mark.usefixtures("relaxed_search_lists")
@pytest.mark.parametrize("proposal", RELAXED, ids=str)
def test_unusual_suffix_is_accepted(workspace: Workspace, proposal: Proposal) -> None:
    """The API must take a single dot and underscores in a search list."""
    said = verdict(workspace, proposal)
    assert said == "accepted", f"{proposal.policy} with {proposal.given}: {said}"


@pytest.mark.spec("D23")
@pytest.mark.parametrize("role", [Role.CLUSTER_FIRST, Role.SECOND], ids=str)
def test_hostname(pod_names: PodNames, role: Role, tally: Tally) -> None:
    """A pod's hostname must be the one that it is given, else the pod's name."""
    found = pod_names.hostnames(role).noted_in(tally)
    assert found.deviations == {}, found


@pytest.mark.spec("D23")
@pytest.mark.parametrize("role", [Role.CLUSTER_FIRST, Role.SECOND], ids=str)
def test_hosts_file_has_the_pod(pod_names: PodNames, role: Role, tally: Tally) -> None:
    """A pod's /etc/hosts must lead from its hostname, and with a subdomain its full name, to it."""
    found = pod_names.hosts_lines(role).noted_in(tally)
    assert found.deviations == {}, found
