"""Where a remark about the Corefile is to be mended: file, line, ConfigMap and key."""

from clusterdns.corefile import CorefileError
from clusterdns.corefile.finding import Finding, file_of, place_in_words
from clusterdns.corefile.lexer import Line
from clusterdns.inventory.inventory import Inventory


def config_map_of(inventory: Inventory, file: str) -> tuple[str, str, str] | None:
    """Namespace, name and key of the ConfigMap that a file comes from; None: nobody knows.

    ``file``: the path of an imported one; empty for the Corefile itself.
    """
    name, key = inventory.keys.get(file or inventory.corefile_path, ("", "Corefile"))
    if file:
        return (inventory.namespace, name, key) if name else None
    if inventory.config_map is None:
        return None
    return (*inventory.config_map, key)


def told(inventory: Inventory, remark: Finding | CorefileError) -> str:
    """A remark as users read it, with the ConfigMap and key of every file that it names."""
    if isinstance(remark, CorefileError):
        line, message, remedy = Line(remark.line, remark.file), remark.message, ""
        also: tuple[int, ...] = ()
    else:
        line, message, remedy = Line(remark.line, remark.file), remark.message, remark.remedy
        also = remark.also
    where = place_in_words(line) if line else "Corefile"
    others = dict.fromkeys(file_of(one) for one in also if file_of(one) != line.file)
    sources = "".join(
        f"; {other or 'Corefile'}: {source}"
        for other in others
        if (source := _source(inventory, other))
    )
    source = _source(inventory, line.file)
    return (
        f"{where}{f' ({source})' if source else ''}: {message}"
        + (f" ({remedy})" if remedy else "")
        + sources
    )


def _source(inventory: Inventory, file: str) -> str:
    found = config_map_of(inventory, file)
    return f"key {found[2]} of configmap {found[0]}/{found[1]}" if found else ""
