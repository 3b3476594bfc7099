"""What the replicas run with: whether the Corefile could be read, and whether they reload it."""

import re

from clusterdns.corefile import CorefileError
from clusterdns.corefile.finding import Finding as Remark
from clusterdns.diagnosis.facts import Facts

# CoreDNS writes the first line at each start, and the second if it has reload.
STARTED = re.compile(r"(?m)^CoreDNS-\d")
RELOADS = re.compile(r"plugin/reload: Running configuration (?:SHA512|MD5) = ")


def errors(facts: Facts) -> list[Remark]:
    """What the version that runs would refuse about this Corefile."""
    return list(facts.inventory.refused_in_corefile)


def broken_corefile(facts: Facts) -> str:
    """Why the Corefile in the ConfigMap cannot be used; empty when it can."""
    if isinstance(facts.inventory.corefile, CorefileError):
        return str(facts.inventory.corefile)
    return next((str(one) for one in errors(facts)), "")


def takes_up_edits(facts: Facts) -> bool:
    """Whether every replica runs and reloads, so that an edit needs no restart.

    The ConfigMap says so, and no log speaks against it: a replica that started without reload
    does not know of one that was added since.
    """
    reads = facts.reading is not None and facts.reading.reload is not None
    if not (reads or _says_reload(facts)):
        return False
    return not facts.crashing and not any(map(_without_reload, facts.logs.values()))


def _says_reload(facts: Facts) -> bool:
    logs = [facts.logs.get(pod["metadata"]["name"], "") for pod in facts.inventory.pods]
    return bool(logs) and all(RELOADS.search(log) for log in logs)


def _without_reload(log: str) -> bool:
    starts = [found.start() for found in STARTED.finditer(log)]
    if not starts:
        return False  # the beginning is out of reach
    # The sum is written just before the version, by every start.
    begin = starts[-2] if len(starts) > 1 else 0
    return RELOADS.search(log, begin) is None
