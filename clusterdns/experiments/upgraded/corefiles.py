"""The Corefiles of the two sides: the cluster's own, led to upstreams of ours, sound and failing.

Each server block is kept with all that may change an answer. For each way in which an upstream
fails the default block stands once more, on a port of its own, without what reads the cluster.
"""

from collections.abc import Mapping
from dataclasses import replace

from clusterdns.corefile.model import Corefile, Option, Plugin, ServerBlock
from clusterdns.corefile.movable import SILENT, NotMovableError, on_port, with_files
from clusterdns.corefile.reading import Reading
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.own_upstreams import block
from clusterdns.own_coredns.instance import FOLDER

PORT = 5740  # of names of the cluster and of sound upstreams; the ways of failing follow
SOUND = 5701  # the first port of the upstreams
MANY = [f'answer "{{{{ .Name }}}} 60 IN A 192.0.2.{n}"' for n in range(1, 121)]
# How an upstream fails, and what does it. Nobody listens where nothing is said; and 120 addresses
# do not fit into a datagram.
FAILING: Mapping[str, tuple[str, ...]] = {
    "servfail": ("template ANY ANY {", "rcode SERVFAIL", "}"),
    "refused": ("template ANY ANY {", "rcode REFUSED", "}"),
    "silent": ("erratic {", "drop 1", "}"),
    "closed": (),
    "truncated": ("template ANY A {", *MANY, "}"),
}
PORTS = {way: PORT + 1 + place for place, way in enumerate(FAILING)}
UPSTREAMS = {way: SOUND + 1 + place for place, way in enumerate(FAILING)}
OF_CLUSTER = frozenset({"kubernetes", "autopath", "k8s_external", "hosts", "file", "auto"})
OF_TLS = ("tls", "tls_servername")


def side(corefile: Corefile, files: Mapping[str, str], home: str) -> tuple[str, dict[str, str]]:
    """A Corefile as one side runs it, and the files that it names.

    ``files``: texts by absolute path; ``home``: where relative paths start. Raises NotMovableError
    for what means something only where it is.
    """
    reading = Reading(corefile)
    port = reading.main_port
    kept = [b for b in corefile.blocks if any(k.scheme == "dns" and k.port == port for k in b.keys)]
    if not kept:
        raise NotMovableError("no server block answers plain DNS")
    here = Corefile(tuple(_led(_own(each, port), SOUND) for each in kept))
    here, brought = with_files(on_port(here, PORT), files, home, FOLDER)
    first, *others = here.blocks
    metered = replace(first, plugins=(Plugin("prometheus", (":9153",)), *first.plugins))
    blocks = [metered, *others]
    default = reading.block_for(".")
    if default is not None and default.has("forward"):
        bare = [p for p in _own(default, port).plugins if p.name not in OF_CLUSTER]
        alone = replace(_own(default, port), plugins=tuple(bare))
        for way, upstream in UPSTREAMS.items():
            led, more = with_files(
                on_port(Corefile((_led(alone, upstream),)), PORTS[way]), files, home, FOLDER
            )
            blocks += led.blocks
            brought |= more
    return Corefile(tuple(blocks)).to_text(), brought


def _own(found: ServerBlock, port: int) -> ServerBlock:
    """A block with its plain keys, and without what changes no answer."""
    keys = tuple(key for key in found.keys if key.scheme == "dns" and key.port == port)
    plugins = tuple(p for p in found.plugins if p.name not in (*SILENT, "import"))
    return replace(found, keys=keys, plugins=plugins)


def _led(found: ServerBlock, upstream: int) -> ServerBlock:
    plugins = tuple(_forwarding(p, upstream) for p in found.plugins)
    return replace(found, plugins=plugins)


def _forwarding(plugin: Plugin, upstream: int) -> Plugin:
    if plugin.name != "forward":
        return plugin
    zone = plugin.args[0] if plugin.args else "."
    options: tuple[Option, ...] = tuple(o for o in plugin.options if o.name not in OF_TLS)
    return replace(plugin, args=(zone, f"127.0.0.1:{upstream}"), options=options)


def upstream_corefile() -> str:
    """The upstreams: a sound one, which knows every name outside, and those that fail."""
    sound = (
        f"file {FOLDER}/outside {ZONE}",
        "template ANY A {",
        'answer "{{ .Name }} 60 IN A 192.0.2.77"',
        "}",
        "template ANY ANY {",
        "rcode NXDOMAIN",
        f'authority ". 60 IN SOA ns.{ZONE} hostmaster.{ZONE} 1 60 60 60 60"',
        "}",
    )
    failing = [block(UPSTREAMS[way], *lines) for way, lines in FAILING.items() if lines]
    return "".join([block(SOUND, *sound), *failing])
