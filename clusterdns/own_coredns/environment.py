"""The environment variables of a Corefile, as a private CoreDNS can have them, too."""

import re
from collections.abc import Callable, Iterable, Mapping

from clusterdns.cluster import Manifest

# As CoreDNS replaces them: {$NAME}, or {%NAME%} (caddyfile/lexer and parse.go, 1.12.1).
_VARIABLE = re.compile(r"\{\$(\w+)\}|\{%(\w+)%\}")

ReadConfigMap = Callable[[str], Mapping[str, str]]
"""The data of a ConfigMap in the workload's namespace by name; empty where it cannot be read."""


def variables_in(texts: Iterable[str]) -> frozenset[str]:
    """The names of the variables that stand in a Corefile, or in what it imports."""
    return frozenset(a or b for text in texts for a, b in _VARIABLE.findall(text))


def environment(
    container: Manifest, names: frozenset[str], read: ReadConfigMap
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """These variables as the workload's container has them, and why others cannot be had.

    What comes from the pod itself is that of the private pod; a Secret is never read.
    """
    entries: list[Manifest] = []
    missing: list[str] = []
    for each in container.get("env") or []:
        if not isinstance(each, dict) or each.get("name") not in names:
            continue
        source = each.get("valueFrom") or {}
        known = source.get("configMapKeyRef")
        if known is not None:
            value = read(known.get("name", "")).get(known.get("key", ""))
            if value is None and not known.get("optional"):
                missing.append(f"{each['name']} (from ConfigMap {known.get('name')}, not readable)")
            elif value is not None:
                entries.append({"name": each["name"], "value": value})
        elif "secretKeyRef" in source:
            missing.append(f"{each['name']} (from a Secret)")
        else:
            entries.append(each)
    if container.get("envFrom"):
        there = {each["name"] for each in container.get("env") or [] if isinstance(each, dict)}
        missing += [f"{name} (from envFrom, if at all)" for name in sorted(names - there)]
    return tuple(entries), tuple(missing)
