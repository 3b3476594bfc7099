"""What the replicas' container finds on its file system: the ConfigMaps that are mounted there.

A Corefile imports files; what they hold is known when it comes from a ConfigMap. What comes from
elsewhere (a Secret, the image, the node) stays unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.corefile.parser import HOME
from clusterdns.inventory.arguments import value_of, words_of


@dataclass(frozen=True)
class Mounted:
    """Texts of files by absolute path, and the folders of which no file is missing here."""

    files: Mapping[str, str]
    folders: frozenset[str]
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # path: ConfigMap and key


@dataclass(frozen=True)
class Source:
    """A ConfigMap in a volume: which keys become which files."""

    name: str
    items: Mapping[str, str] | None  # key: file; None: all keys, each as it is called
    optional: bool
    whole: bool  # nothing else is in the volume

    @classmethod
    def of(cls, manifest: Manifest, whole: bool) -> "Source":
        """A volume's ``configMap``, or one of the sources of a projected volume."""
        items = manifest.get("items")
        chosen = None if items is None else {item["key"]: item["path"] for item in items}
        return cls(str(manifest["name"]), chosen, bool(manifest.get("optional")), whole)

    def files(self, data: Mapping[str, str]) -> dict[str, str]:
        """Its files, by name."""
        return {path: data[key] for path, key in self.keys(data).items()}

    def keys(self, data: Mapping[str, str]) -> dict[str, str]:
        """The key of each of its files, by name."""
        items = dict.fromkeys(data) if self.items is None else self.items
        return {path or key: key for key, path in items.items() if key in data}


def read_mounts(
    cluster: Cluster, namespace: str, pod_spec: Manifest, container: Manifest
) -> Mounted:
    """The files of a container that come from ConfigMaps.

    One that we may not read, or that is missing and not optional, leaves its folder unknown.
    """
    files: dict[str, str] = {}
    folders: set[str] = set()
    keys: dict[str, tuple[str, str]] = {}
    volumes = {volume["name"]: volume for volume in pod_spec.get("volumes") or []}
    for mount in sorted(container.get("volumeMounts") or [], key=_depth):
        place = normpath(mount["mountPath"])
        files = {path: text for path, text in files.items() if not _is_at(place, path)}
        folders = {folder for folder in folders if not _is_at(place, folder)}
        for source in sources_of(volumes.get(mount["name"], {})):
            data = data_of(cluster, namespace, source)
            if data is None:
                continue
            found = source.files(data)
            named = {name: (source.name, key) for name, key in source.keys(data).items()}
            if "subPath" not in mount:
                keys |= {join(place, name): known for name, known in named.items()}
                files |= {join(place, name): text for name, text in found.items()}
                folders |= {place} if source.whole else set()
            elif mount["subPath"] in found:
                files[place] = found[mount["subPath"]]
                keys[place] = named[mount["subPath"]]
        if "subPath" in mount and place not in files:
            folders.discard(dirname(place))  # there is a file that nobody knows
    return Mounted(files, frozenset(folders), {path: keys[path] for path in files})


def _depth(mount: Manifest) -> int:
    """What is mounted deeper is mounted later, and hides what was there."""
    return normpath(str(mount["mountPath"])).count("/")


def _is_at(place: str, path: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def sources_of(volume: Manifest) -> Iterator[Source]:
    """The ConfigMaps of a volume."""
    if "configMap" in volume:
        yield Source.of(volume["configMap"], True)
    projected = (volume.get("projected") or {}).get("sources") or []
    for source in projected:
        if "configMap" in source:
            yield Source.of(source["configMap"], len(projected) == 1)


def data_of(cluster: Cluster, namespace: str, source: Source) -> Mapping[str, str] | None:
    """What a ConfigMap holds; nothing if it is optional and not there; None: nobody knows."""
    try:
        data: Mapping[str, str] = cluster.get("ConfigMap", source.name, namespace).get("data") or {}
    except NotFoundError:
        return {} if source.optional else None
    except ApiException:
        return None
    return data


def plain_variables(container: Manifest) -> dict[str, str]:
    """The environment variables of a container that its manifest has a value for."""
    return {
        each["name"]: each.get("value") or ""
        for each in container.get("env") or []
        if isinstance(each, dict) and "name" in each and not each.get("valueFrom")
        if "$(" not in (each.get("value") or "")
    }


def corefile_path(container: Manifest) -> str:
    """Where CoreDNS reads its Corefile: its option -conf, else where kubeadm puts it."""
    return value_of(words_of(container), "conf") or join(HOME, "Corefile")
