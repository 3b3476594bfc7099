"""Evidence that somebody is concerned by a change: rules that name its metrics, questions asked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from clusterdns.cluster import Manifest
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.inventory.replica_pages import Fetched
from clusterdns.upgrade.changes import Met

NAME = re.compile(r"\bcoredns_\w+")
PARTS = re.compile(r"_(bucket|sum|count)$")  # of a histogram: series of one name
QUESTIONS = "coredns_dns_requests_total"


def lost_names(met: Sequence[Met], rules: Iterable[Manifest]) -> Iterator[str]:
    """The rules that name a metric which the target lacks, each with its place and the source."""
    lost = {name: one for one in met if one.comes for name in one.change.names}
    for thing in rules:
        meta = thing["metadata"]
        where = f"prometheusrule {meta.get('namespace')}/{meta['name']}"
        for group in thing.get("spec", {}).get("groups") or []:
            for rule in group.get("rules") or []:
                named = {PARTS.sub("", each) for each in NAME.findall(str(rule.get("expr", "")))}
                for name in sorted(named & lost.keys()):
                    title = rule.get("alert") or rule.get("record") or "without a name"
                    change = lost[name].change
                    yield (
                        f"{where}, group {group.get('name')}, rule {title}: {name} is gone since "
                        f"CoreDNS {change.version} ({change.source}): the rule never fires again; "
                        f"{change.says}"
                    )


def asked_types(met: Sequence[Met], pages: Iterable[Fetched]) -> Iterator[str]:
    """The changes that concern types of questions which the replicas have counted."""
    counted: dict[str, float] = {}
    seen = set()
    for one in pages:
        if one.replica in seen or one.page.status != 200:
            continue
        seen.add(one.replica)
        with suppress(NoMetricsError):
            for sample in Metrics.parse(one.page.body).series(QUESTIONS):
                kind = sample.labels.get("type", "")
                counted[kind] = counted.get(kind, 0.0) + sample.value
    for each in met:
        asked = {kind: counted[kind] for kind in each.change.types if counted.get(kind)}
        if asked:
            told = ", ".join(f"{int(n)} for {kind}" for kind, n in sorted(asked.items()))
            yield (
                f"{each.change.id} ({each.change.source}) concerns questions that were asked: "
                f"{told} since the replicas started ({QUESTIONS}; those of this suite are among "
                f"them). {each.change.says}"
            )
