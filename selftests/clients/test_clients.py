"""Client pods come up, and those that do not are missed with a reason."""

from collections.abc import Iterator

import pytest

from clusterdns.clients import client as client_module
from clusterdns.clients import pods as clients_module
from clusterdns.clients.client import find_musl, startable
from clusterdns.clients.planned import Role
from clusterdns.clients.pods import Clients, NoClientsError, start_clients
from clusterdns.probe import ProbeLostError
from clusterdns.wait import eventually
from selftests.clients.fake_cluster import (
    ON_EVERY_NODE,
    ON_ONE_NODE,
    WITH_MUSL,
    FakeCluster,
    FakeProbe,
    fake_site,
    open_fake,
)
from selftests.clients.places import POD, client


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes without a cluster, and looks without a pause."""
    monkeypatch.setattr(client_module, "open_probe", open_fake)
    monkeypatch.setattr(
        clients_module,
        "eventually",
        lambda probe, want, within, every=0.0: eventually(probe, want, within, every=0.001),
    )


@pytest.fixture
def cluster() -> FakeCluster:
    """A cluster in which all goes well, unless a test says otherwise."""
    return FakeCluster()


@pytest.fixture
def clients(cluster: FakeCluster) -> Iterator[Clients]:
    """All client pods in that cluster."""
    made = start_clients(fake_site(cluster))
    yield made
    made.close()


@pytest.mark.parametrize("role", ON_EVERY_NODE, ids=str)
def test_role_is_on_every_node(clients: Clients, role: Role) -> None:
    """These have a client on each node that has a probe."""
    assert sorted(clients.of(role)) == ["one", "two"]


@pytest.mark.parametrize("role", ON_ONE_NODE, ids=str)
def test_role_is_on_one_node(clients: Clients, role: Role) -> None:
    """These look at what is the same on every node."""
    assert len(clients.of(role)) == 1


def test_one_pod_starts_on_a_node_at_a_time(clients: Clients, cluster: FakeCluster) -> None:
    """Starting pods must not take the processor from the checks that go on meanwhile."""
    for role in Role:
        clients.of(role)

    assert cluster.most_at_once == 1


def test_policy_none_is_given_what_the_probe_has(clients: Clients) -> None:
    """Search list and options are those of the node's own ClusterFirst pod."""
    clients.of(Role.NONE)
    given = clients.given(Role.NONE)

    assert given["two"].searches == (*POD.search, "x.test")
    assert (given["one"].nameservers, given["one"].options) == (("10.96.9.9",), ("ndots:5",))


def test_pods_are_what_their_role_says(clients: Clients, cluster: FakeCluster) -> None:
    """Policy, network and namespace are those of the role; musl is beside glibc where it counts."""
    for role in Role:
        clients.of(role)
    specs = {name: pod["spec"] for name, pod in cluster.pods.items()}

    assert specs["client-default-0"]["dnsPolicy"] == "Default"
    assert specs["client-none-0"]["dnsPolicy"] == "None"
    for name in ("client-cluster-first-with-host-net-0", "client-host-network-cluster-first-0"):
        assert specs[name]["hostNetwork"] is True
        assert cluster.pods[name]["metadata"]["namespace"] == "run-host"
    assert [c["name"] for c in specs["client-none-0"]["containers"]] == WITH_MUSL
    assert [c["name"] for c in specs["client-default-0"]["containers"]] == WITH_MUSL[:1]
    assert all(spec["nodeName"] in ("one", "two") for spec in specs.values())


def test_refused_pod_is_missed() -> None:
    """What the API server refuses is missed with its words; other roles are there."""
    clients = start_clients(fake_site(FakeCluster({"client-default-0": "refused"})))

    with pytest.raises(NoClientsError, match="refused: the API server answered 403 Forbidden"):
        clients.of(Role.DEFAULT)
    assert len(clients.of(Role.NONE)) == 2


def test_stuck_pod_is_missed() -> None:
    """A pod that cannot start is missed with the kubelet's reason, and its node given up."""
    cluster = FakeCluster({"client-default-1": "stuck"})
    clients = start_clients(fake_site(cluster))

    with pytest.raises(NoClientsError, match="ImagePullBackOff"):
        clients.of(Role.DEFAULT)
    with pytest.raises(NoClientsError, match="another client pod on two did not start"):
        clients.of(Role.NONE)
    assert "client-none-1" not in cluster.pods


def test_refused_namespace_is_the_reason() -> None:
    """Without a privileged namespace only the roles that need it are missed."""
    clients = start_clients(fake_site(FakeCluster(), host=None))

    for role in (Role.HOST_NETWORK, Role.FALLBACK):
        with pytest.raises(NoClientsError, match="it was refused"):
            clients.of(role)
    assert len(clients.of(Role.DEFAULT)) == 2


def test_no_musl_image() -> None:
    """Without the image there is no pod with musl, and no container beside glibc's."""
    cluster = FakeCluster()
    clients = start_clients(fake_site(cluster, musl=None))

    with pytest.raises(NoClientsError, match="no image with musl"):
        clients.of(Role.MUSL)
    assert clients.of(Role.NONE)["one"].musl == ""
    assert len(cluster.pods["client-none-0"]["spec"]["containers"]) == 1


def test_nothing_waits_for_a_run_that_is_over() -> None:
    """What has not started when the run ends is missed at once."""
    clients = Clients(fake_site(FakeCluster()))
    clients.close()
    clients.start()

    with pytest.raises(NoClientsError, match="the run is over"):
        clients.of(Role.DEFAULT)


def test_musl_is_started_from_the_other_container(clients: Clients) -> None:
    """Its program is reached by the process that keeps its container alive."""
    found = clients.of(Role.NONE)["one"]

    assert startable(found, ["/resolve", "a.b", "4"]) == ["/proc/7/exe", "a.b", "4"]
    assert startable(found, ["getent", "hosts"]) == ["getent", "hosts"]
    assert startable(client(), ["/resolve", "a.b"]) == ["/resolve", "a.b"]


@pytest.mark.parametrize("printed", ["", "/proc/7/cmdline\n/proc/8/cmdline\n"])
def test_musl_that_cannot_be_told_is_an_error(printed: str) -> None:
    """None or several such processes leave open which one is meant."""
    with pytest.raises(ProbeLostError, match="cannot be found"):
        find_musl(FakeProbe("one", "run", "pod", printed), 1.0)  # type: ignore[arg-type]
