"""Services that hide names outside the cluster, because the search list finds them first.

Pods search svc.DOMAIN: a Service x in a namespace com makes x.com resolve inside, for every pod
whose program asks with fewer dots than ndots (Kubernetes, "DNS for Services and Pods").
"""

from collections.abc import Iterable

from clusterdns.cluster import RUN_LABEL, Manifest
from clusterdns.corefile import Reading

# Top-level domains: the old generic ones, and the codes of countries (ISO 3166-1, with eu and uk).
GENERIC = ("com", "edu", "gov", "int", "mil", "net", "org")
_CODES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo "
    "br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm "
    "do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs "
    "gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km "
    "kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp "
    "mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk "
    "pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss "
    "st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va "
    "vc ve vg vi vn vu wf ws ye yt za zm zw "
)
TOP_LEVEL = frozenset((*GENERIC, *_CODES.split()))


def outside_zones(reading: Reading | None) -> frozenset[str]:
    """Zones of one label that the Corefile forwards, such as consul, without their dot."""
    blocks = reading.blocks if reading else ()
    zones = {zone for block in blocks if block.has("forward") for zone in block.zones}
    return frozenset(zone.rstrip(".") for zone in zones if zone.count(".") == 1 and zone != ".")


def shadowed(services: Iterable[Manifest], zones: frozenset[str] = frozenset()) -> list[str]:
    """The names outside that Services hide, each with its Service; ours do not count.

    ``zones``: see `outside_zones`; top-level domains count by themselves.
    """
    found = []
    for service in services:
        meta = service["metadata"]
        name, namespace = str(meta["name"]), str(meta["namespace"])
        if RUN_LABEL in (meta.get("labels") or {}):
            continue
        if namespace in TOP_LEVEL | zones:
            found.append(f"{name}.{namespace} leads to the Service {namespace}/{name}")
    return sorted(found)
