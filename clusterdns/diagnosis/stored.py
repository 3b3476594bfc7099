"""What of the facts is kept in their JSON file: no secret, and no part that no cause looks at."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from clusterdns.resolvconf import ResolvConf

# Large parts of objects that no cause looks at.
UNREAD = frozenset({"managedFields", "images", "uid", "resourceVersion"})
UNREAD |= {"volumes", "volumeMounts", "nodeInfo", "annotations"}


def pruned(thing: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value without the unread parts of objects; a dataclass is an object of its fields."""
    if is_dataclass(thing):
        thing = {each.name: getattr(thing, each.name) for each in fields(thing)}
    if isinstance(thing, dict):
        return {
            key: sorted(names_of(value)) if key == "env" else pruned(value)
            for key, value in thing.items()
            if key not in UNREAD
        }
    if isinstance(thing, list | tuple):
        return [pruned(value) for value in thing]
    return sorted(thing) if isinstance(thing, frozenset) else thing


def names_of(variables: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """The names of a container's environment variables: values may be secret, and none is read."""
    return [str(each.get("name")) for each in variables or () if isinstance(each, dict)]


def confs_of(document: Mapping[str, Any]) -> dict[str, ResolvConf]:
    """The resolv.confs of a JSON object, by node."""
    return {
        node: ResolvConf(
            tuple(conf["nameservers"]), tuple(conf["search"]), frozenset(conf["options"])
        )
        for node, conf in document.items()
    }
