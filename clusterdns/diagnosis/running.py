"""What the replicas run with: whether the Corefile could be read, and whether they reload it."""

import re

from clusterdns.corefile import CorefileError
from clusterdns.corefile.finding import Finding as Remark
from clusterdns.diagnosis.facts import Facts
from clusterdns.inventory.places import config_map_of, told

# CoreDNS writes the first line at each start, and the second if it has reload.
STARTED = re.compile(r"(?m)^CoreDNS-\d")
RELOADS = re.compile(r"plugin/reload: Running configuration (?:SHA512|MD5) = ")


def errors(facts: Facts) -> list[Remark]:
    """What the version that runs would refuse about this Corefile."""
    return list(facts.inventory.refused_in_corefile)


def first_error(facts: Facts) -> Remark | CorefileError | None:
    """What keeps CoreDNS from starting with the Corefile in the ConfigMap; None: nothing known."""
    if isinstance(facts.inventory.corefile, CorefileError):
        return facts.inventory.corefile
    return next(iter(errors(facts)), None)


def broken_corefile(facts: Facts) -> str:
    """Why the Corefile in the ConfigMap cannot be used; empty when it can."""
    found = first_error(facts)
    return told(facts.inventory, found) if found else ""


def events_of_replicas(facts: Facts, pattern: str, most: int = 3) -> list[str]:
    """The first few events about replicas of which reason and message match."""
    pods = {f"pod/{pod['metadata']['name']}" for pod in facts.inventory.pods}
    found = facts.events_with(pattern, most=len(facts.events or ()))
    return [line for line in found if line.partition(":")[0] in pods][:most]


def edit_file(facts: Facts, file: str) -> str:
    """The command that opens the ConfigMap of a file of the Corefile; empty: the Corefile's own."""
    found = config_map_of(facts.inventory, file) if file else None
    if found is None:
        return facts.edit_corefile
    return f"{facts.kubectl} -n {found[0]} edit configmap/{found[1]}  # key {found[2]}"


def edit_error(facts: Facts) -> str:
    """The command that opens what `first_error` is about, and what is to be done there."""
    found = first_error(facts)
    remedy = getattr(found, "remedy", "") or "correct the line that is named above"
    return with_note(edit_file(facts, found.file if found else ""), remedy)


def with_note(command: str, note: str) -> str:
    """A command with a note behind it; it may have one already."""
    return f"{command}{', ' if '  # ' in command else '  # '}{note}"


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
