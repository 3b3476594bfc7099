"""In what replicas differ from a private instance with the same Corefile, which answers right."""

from clusterdns.corefile import Corefile, fingerprints
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.restarting import restart
from clusterdns.diagnosis.slow import slow_replicas
from clusterdns.inventory.in_effect import last_sum

REFUSED = r"Unauthorized|is forbidden|\b40[13]\b"
LATE = r"context deadline exceeded|i/o timeout.*6443|TLS handshake timeout|connection refused"


def unlike_private(facts: Facts) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What it is in words, what was seen, and what to do; empty words where nothing tells."""
    corefile = facts.inventory.corefile
    sums = fingerprints(corefile) if isinstance(corefile, Corefile) else frozenset()
    running = {pod: last_sum(log) for pod, log in facts.logs.items()}
    old = {pod: made for pod, made in running.items() if made and sums and made not in sums}
    if old:
        return (
            f"{', '.join(sorted(old))}: another configuration than the ConfigMap holds",
            tuple(f"{pod} runs configuration {made[:12]}..." for pod, made in old.items()),
            restart(facts),
        )
    if slow := slow_replicas(facts):
        return ", ".join(slow), tuple(slow.values()), ()
    if lines := facts.log_lines(REFUSED):
        return "what the API server lets them see", tuple(lines), ()
    if lines := facts.log_lines(LATE):
        return "their way to the API server", tuple(lines), ()
    return (
        "what the replicas hold in memory: their view of the API, or their cache",
        ("their logs and their configuration show no difference",),
        (),
    )
