"""What a Corefile imports is found in the ConfigMaps that the replicas mount."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.corefile import Corefile, CorefileError, Reading
from clusterdns.inventory.inventory import Inventory, mounts_of
from clusterdns.inventory.mounts import corefile_path

COREFILE = ".:53 {\n  errors\n  import custom/*.override\n}\nimport custom/*.server\n"
CUSTOM = {"log.override": "log\n", "corp.server": "corp.example:53 {\n  whoami\n}\n"}


@dataclass
class Maps:
    """ConfigMaps by name; an exception instead of data is raised."""

    maps: dict[str, dict[str, str] | ApiException] = field(default_factory=dict)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """One ConfigMap. Raises NotFoundError, ApiException."""
        found = self.maps.get(name)
        if isinstance(found, ApiException):
            raise found
        if found is None:
            raise NotFoundError(name)
        return {"data": found}


def workload(custom: Manifest, mount: Manifest | None = None, **container: object) -> Manifest:
    """A Deployment whose replicas mount the Corefile, and a volume of this kind."""
    volumes = [
        {"name": "own", "configMap": {"name": "coredns"}},
        {"name": "custom", **custom},
    ]
    mounts = [
        {"name": "own", "mountPath": "/etc/coredns"},
        {"name": "custom", "mountPath": "/etc/coredns/custom/", **(mount or {})},
    ]
    made = {"name": "coredns", "image": "coredns:1", "volumeMounts": mounts, **container}
    spec = {"containers": [made], "volumes": volumes}
    meta = {"name": "coredns", "namespace": "kube-system"}
    return {"metadata": meta, "spec": {"template": {"spec": spec}}}


def read(made: Manifest, maps: Maps, text: str = COREFILE) -> Corefile | CorefileError | None:
    """The Corefile of a cluster with these ConfigMaps."""
    found = mounts_of(cast(Cluster, maps), made)
    folders = tuple(found.folders)
    return Inventory("v1", (), None, (), made, (), text, None, found.files, folders).corefile


def reading(made: Manifest, maps: Maps, text: str = COREFILE) -> Reading:
    """Answers about a Corefile that can be read."""
    corefile = read(made, maps, text)
    assert isinstance(corefile, Corefile), corefile
    return Reading(corefile)


@pytest.mark.parametrize(
    "volume",
    [
        {"configMap": {"name": "coredns-custom", "optional": True}},
        {"projected": {"sources": [{"configMap": {"name": "coredns-custom"}}]}},
        {
            "configMap": {
                "name": "renamed",
                "items": [{"key": "a", "path": "log.override"}, {"key": "b", "path": "x.server"}],
            }
        },
    ],
    ids=["plain", "projected", "items"],
)
def test_imports_are_resolved(volume: Manifest) -> None:
    """Plugins and blocks of the files count, and nothing is left unresolved."""
    maps = Maps({"coredns": {"Corefile": COREFILE}, "coredns-custom": CUSTOM})
    maps.maps["renamed"] = {
        "a": CUSTOM["log.override"],
        "b": CUSTOM["corp.server"],
        "c.server": "x",
    }
    found = reading(workload(volume), maps)
    assert (found.has("log"), [block.zones for block in found.blocks]) == (
        True,
        [(".",), ("corp.example.",)],
    )
    assert "unresolved-imports" not in found.features


@pytest.mark.parametrize("data", [None, {}], ids=["not-there", "empty"])
def test_optional_configmap_that_is_empty_brings_nothing(data: dict[str, str] | None) -> None:
    """K3s and AKS have such an import from the start: it is resolved, to nothing."""
    maps = Maps({"coredns": {"Corefile": COREFILE}, **({} if data is None else {"custom": data})})
    found = reading(workload({"configMap": {"name": "custom", "optional": True}}), maps)
    assert "unresolved-imports" not in found.features


@pytest.mark.parametrize(
    ("volume", "data"),
    [
        ({"secret": {"secretName": "custom"}}, CUSTOM),
        ({"configMap": {"name": "custom"}}, ApiException(status=403, reason="Forbidden")),
        ({"projected": {"sources": [{"configMap": {"name": "custom"}}, {"secret": {}}]}}, {}),
    ],
    ids=["secret", "forbidden", "beside-a-secret"],
)
def test_what_nobody_tells_stays_unresolved(
    volume: Manifest, data: dict[str, str] | ApiException
) -> None:
    """No guess is made of what only the pod could tell."""
    found = reading(workload(volume), Maps({"coredns": {}, "custom": data}))
    assert "unresolved-imports" in found.features


def test_file_that_is_missing_is_an_error() -> None:
    """CoreDNS does not start when a file without a wildcard is not there, in a known folder."""
    made = workload({"configMap": {"name": "custom"}})
    found = read(made, Maps({"custom": CUSTOM}), "import custom/none.server\n")
    assert isinstance(found, CorefileError)
    assert "there is no file 'custom/none.server' to import" in str(found)


def test_single_file_is_mounted() -> None:
    """A mount with subPath brings one file, and tells nothing of its folder."""
    mount = {"mountPath": "/etc/coredns/custom/one.server", "subPath": "corp.server"}
    made = workload({"configMap": {"name": "custom"}}, mount)
    assert len(reading(made, Maps({"custom": CUSTOM}), "import custom/*.server\n").blocks) == 1


def test_single_file_of_a_secret_stays_unresolved() -> None:
    """It lies in a folder of which all other files are known: it is not missing there."""
    mount = {"mountPath": "/etc/coredns/one.server", "subPath": "one"}
    made = workload({"secret": {"secretName": "x"}}, mount)
    found = reading(made, Maps({"coredns": {}}), "import one.server\n")
    assert "unresolved-imports" in found.features


@pytest.mark.parametrize("first", [0, 1], ids=["folder-first", "file-first"])
def test_single_file_hides_the_one_of_its_folder(first: int) -> None:
    """In whatever order they stand: what is mounted deeper is mounted later."""
    mount = {"mountPath": "/etc/coredns/one.server", "subPath": "corp.server"}
    made = workload({"configMap": {"name": "custom"}}, mount)
    mounts = made["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    mounts[:] = [mounts[first], mounts[1 - first]]
    maps = Maps({"coredns": {"one.server": "hidden.example:53 {\n}\n"}, "custom": CUSTOM})
    found = reading(made, maps, "import one.server\n")
    assert [block.zones for block in found.blocks] == [("corp.example.",)]


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ([], "/etc/coredns/Corefile"),
        (["-conf", "/etc/dns/Corefile"], "/etc/dns/Corefile"),
        (["--conf=/x/y", "-dns.port=1053"], "/x/y"),
    ],
)
def test_imports_begin_where_the_corefile_is(args: list[str], path: str) -> None:
    """The option -conf says where that is."""
    assert corefile_path({"args": args}) == path


def test_imports_of_another_folder() -> None:
    """Relative to the Corefile, wherever it is."""
    mount = {"mountPath": "/etc/dns/custom"}
    made = workload({"configMap": {"name": "custom"}}, mount, args=["-conf", "/etc/dns/Corefile"])
    assert reading(made, Maps({"custom": CUSTOM})).has("log")
