"""Commands that give the replicas what they must read; they go to the accounts that serve DNS.

A role that was seen is mended, or bound; where none was seen one with exactly these rights is made.
"""

from clusterdns.diagnosis.facts import Facts
from clusterdns.inventory.permissions import PODS, WATCHED, read_by, service_accounts

BY_ITSELF = "CoreDNS tries again by itself: within a minute or two it knows the names"


def accounts(facts: Facts) -> list[str]:
    """The accounts of the replicas, such as kube-system:coredns; empty where none is known."""
    return [":".join(user.split(":")[2:]) for user in service_accounts(facts.inventory)]


def accounts_in_words(facts: Facts) -> str:
    """The user names of the replicas' accounts as the API server writes them, in one text."""
    return ", ".join(service_accounts(facts.inventory))


def more_rights(facts: Facts) -> tuple[str, ...]:
    """How list and watch on what CoreDNS reads are given to the accounts of the replicas."""
    own = [each for each in accounts(facts) if each.partition(":")[2] != "default"]
    if len(own) < len(accounts(facts)):
        return (
            "the replicas run as the account default, which every pod of their namespace may "
            "have: give them a ServiceAccount of their own (serviceAccountName), and that the "
            f"rights: list and watch on {', '.join(_resources(facts))}",
        )
    roles = facts.cluster_roles or {}
    if bound := [name for name, is_bound in roles.items() if is_bound]:
        return (
            f"{facts.kubectl} edit clusterrole {bound[0]}  # it is bound to "
            f"{', '.join(own)}; add list and watch on {', '.join(_resources(facts))}",
            BY_ITSELF,
        )
    name = f"{own[0].partition(':')[2]}-reads-names"
    subjects = " ".join(f"--serviceaccount={each}" for each in own)
    if unbound := list(roles):
        return (
            f"{facts.kubectl} get clusterrole {unbound[0]} -o yaml  # does it have list and watch "
            f"on {', '.join(_resources(facts))}, and nothing else? Then:",
            f"{facts.kubectl} create clusterrolebinding {name} --clusterrole={unbound[0]} "
            f"{subjects}",
            BY_ITSELF,
        )
    return (
        f"{facts.kubectl} create clusterrole {name} --verb=list,watch "
        f"--resource={','.join(_resources(facts))}",
        f"{facts.kubectl} create clusterrolebinding {name} --clusterrole={name} {subjects}",
        BY_ITSELF,
    )


def _resources(facts: Facts) -> list[str]:
    """What the Corefile makes CoreDNS read, as kubectl names it."""
    used = facts.reading.all_kubernetes() if facts.reading else ()
    found = frozenset(WATCHED).union(*(read_by(each) for each in used))
    ordered = sorted(found, key=lambda one: (one not in WATCHED, one != PODS, one))
    return [f"{one.resource}.{one.group}" if one.group else one.resource for one in ordered]
