"""What the Corefile says, and whether the replicas could read it."""

from clusterdns.corefile import CorefileError
from clusterdns.corefile.settings import is_within
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import outside_denied
from clusterdns.diagnosis.restarting import after_edit, restart
from clusterdns.diagnosis.running import broken_corefile, edit_error, errors, first_error
from clusterdns.diagnosis.scopes import Scope, about, is_reverse
from clusterdns.diagnosis.upstreams import root_upstreams
from clusterdns.inventory.places import told

COREFILE = about("corefile")
# What is demanded there follows from what the ConfigMap says.
BY_THE_COREFILE = about("record-ttl", "denial-ttl", "pod-records")
DEAD = about(
    *COREFILE,
    "workload",
    "dns-endpoints",
    "health-pages",
    "short-names",
    "paths",
    "updates",
    "loops",
    "outside-names",
)
SAYS_SYNTAX = (
    r"Corefile:\d+ - Error during parsing|Syntax error|Wrong argument count|"
    r"not a valid server address|plugin/\w+: .*(invalid|unknown|not a valid)|"
    r"Unknown directive|unknown property|unexpected (token|EOF|'\}')|Unexpected EOF|"
    # What CoreDNS prints before it ends stands alone; a line of its log begins with [LEVEL].
    r"^cannot serve \S+|^error inspecting server blocks|^multiple views defined|"
    r"^plugin/\w+: (?!.*(in-cluster|serviceaccount|address already in use|permission denied))"
)
# Remarks about words that another version of CoreDNS has, or none.
NOT_KNOWN = ("is not a plugin of", "has no option", "is gone since")
SAYS_UNKNOWN = r"Unknown directive|[Uu]nknown property|unknown option"
SAYS_RELOAD = r"plugin/reload: Corefile changed but reload failed|Corefile parse failed|"
SAYS_RELOAD += r"Restart failed: .*Corefile|failed to parse Corefile"


def unknown_word(facts: Facts) -> str:
    """The complaint about a plugin or option that this version does not have; "" for none."""
    if (found := first_error(facts)) and "brace" in str(found).replace("'{'", "brace"):
        return ""  # words are taken for plugins, because a brace is not where it should be
    lines = facts.log_lines(SAYS_UNKNOWN, most=1)
    said = [
        told(facts.inventory, e) for e in errors(facts) if any(w in e.message for w in NOT_KNOWN)
    ]
    return next(iter([*lines, *said]), "")


def down(facts: Facts) -> bool:
    """Whether a replica could not start with what it read."""
    return bool(facts.crashing) or not facts.inventory.ready_pods


@cause(
    "corefile-removed-directive",
    "corefile",
    leads_to=("dns-svc-endpoints-notready", "corefile-invalid"),
)
def removed(facts: Facts) -> Finding | None:
    """The Corefile has a plugin or option that this version of CoreDNS does not know."""
    word = unknown_word(facts)
    if not word or not down(facts) or isinstance(facts.inventory.corefile, CorefileError):
        return None
    return Finding(
        f"CoreDNS {facts.inventory.coredns_version} does not know a plugin or option of its "
        f"Corefile: {word}.",
        (word, *facts.crashing[:3], *facts.log_lines(SAYS_SYNTAX)),
        (
            edit_error(facts),
            "of old manuals: proxy is forward now; upstream, resyncperiod and federation go",
            *after_edit(facts),
        ),
        _dead(facts),
    )


@cause("corefile-invalid", "corefile", leads_to=("dns-svc-endpoints-notready", "no-forward"))
def invalid(facts: Facts) -> Finding | None:
    """The Corefile has an error, and the replicas that read it ended."""
    why, lines = broken_corefile(facts), facts.log_lines(SAYS_SYNTAX)
    if not down(facts) or not (why or (lines and facts.crashing)):
        return None
    if facts.logs and not lines and not facts.crashing:
        return None
    return Finding(
        "The Corefile has an error, and replicas that start with it end at once: "
        f"{why or lines[0]}.",
        (*([why] if why else []), *lines, *facts.crashing[:3]),
        (
            edit_error(facts),
            *after_edit(facts),
        ),
        _dead(facts),
        "high" if lines or isinstance(facts.inventory.corefile, CorefileError) else "medium",
    )


def _dead(facts: Facts) -> Scope:
    if not facts.inventory.ready_pods:
        return Scope(DEAD, lambda cell: cell.silent)
    gone = set(facts.unready)
    return Scope(
        about(*COREFILE, "workload", "health-pages"),
        lambda cell: cell.server_name in {f"pod/{name}" for name in gone},
    )


@cause("corefile-invalid-latent", "corefile")
def latent(facts: Facts) -> Finding | None:
    """The Corefile has an error, but the replicas still run with the one before."""
    why = broken_corefile(facts)
    refused = facts.log_lines(SAYS_RELOAD)
    if not why or down(facts):
        return None
    counted = {
        name: values["coredns_reload_failed_total"]
        for name, values in facts.metrics.items()
        if values.get("coredns_reload_failed_total")
    }
    return Finding(
        "The Corefile in the ConfigMap has an error; the replicas still run with the one before, "
        f"and the next restart is an outage: {why}.",
        (
            why,
            f"{len(facts.inventory.ready_pods)} replicas are ready and answer",
            *refused,
            *(
                f"{name}: coredns_reload_failed_total {count:.0f}"
                for name, count in counted.items()
            ),
        ),
        (edit_error(facts), "do not restart before"),
        Scope(about(*COREFILE, "own-reload")),
    )


@cause(
    "corefile-zone-wrong",
    "corefile",
    leads_to=("upstream-unreachable", "upstream-slow", "watch-frozen", "dns-port-filtered"),
)
def zone(facts: Facts) -> Finding | None:
    """CoreDNS serves another domain than the kubelets give to pods."""
    if facts.reading is None:
        return None
    zones = {z for one in facts.reading.all_kubernetes() for z in one.zones}
    told = {c.cluster_domain for c in facts.resolv_confs.values()} - {""}
    wrong = {domain for domain in told if f"{domain}." not in zones}
    if not wrong or wrong != told:  # where only some nodes have another one, a kubelet is wrong
        return None
    forward = sorted(z for z in zones if "arpa" not in z)
    results = sorted({t.result for t in facts.said("known") if t.result != "NOERROR"})
    return Finding(
        f"CoreDNS serves {', '.join(forward) or 'no zone of the cluster'}, but pods search "
        f"{', '.join(sorted(wrong))}: no name of the cluster resolves.",
        (
            f"kubernetes {' '.join(sorted(zones)) or '(not there)'} in the Corefile",
            f"search list of pods: svc.{', svc.'.join(sorted(wrong))}",
            *([f"kubernetes.default.svc.{facts.domain}: {', '.join(results)}"] if results else []),
        ),
        (
            f"{facts.edit_corefile}  # kubernetes {' '.join(sorted(wrong))} in-addr.arpa ip6.arpa",
            *after_edit(facts),
        ),
        Scope(
            about(
                *COREFILE,
                "short-names",
                "paths",
                "multiplied-questions",
            ),
            lambda cell: is_reverse(cell) or any(is_within(cell.name, d) for d in wrong),
        ),
    )


@cause("no-reload", "corefile")
def no_reload(facts: Facts) -> Finding | None:
    """Nothing notices when the Corefile changes."""
    if facts.reading is None or facts.reading.reload is not None:
        return None
    stale = bool(facts.troubles_about("running-corefile"))
    return Finding(
        "The Corefile has no reload: an edited ConfigMap takes effect only when the replicas are "
        "restarted.",
        (
            "no server block has the plugin reload",
            *(["the replicas run with another Corefile than the ConfigMap has"] if stale else []),
        ),
        (
            f"{facts.edit_corefile}  # add the line: reload",
            *restart(facts, "once: from then on edits need none"),
        ),
        Scope(
            about(
                "plugin-reload",
                "running-corefile",
                "corefile-advice",
                "own-reload",
                *(BY_THE_COREFILE if stale else ()),
            )
        ),
    )


@cause("no-forward", "corefile", leads_to=("upstream-unreachable", "upstream-refuses"))
def no_forward(facts: Facts) -> Finding | None:
    """Nobody is asked for names outside the cluster."""
    if facts.reading is None or root_upstreams(facts.reading):
        return None
    talks = facts.to_replicas("outside")
    if talks and all(talk.sound for talk in talks):
        return None
    refused = facts.reading.block_for(".") is None
    said = sorted({t.result for t in talks})
    return Finding(
        "The Corefile forwards nothing: names outside the cluster do not resolve"
        f"{', because no block serves the root zone' if refused else ''}.",
        (
            "no forward for the zone . in the Corefile",
            *(
                [f"a name outside: {', '.join(said)} after {max(t.ms for t in talks):.0f} ms"]
                if talks
                else []
            ),
            *facts.log_lines("no next plugin found", most=1),
        ),
        (
            f"{facts.edit_corefile}  # into the block of the root zone: forward . /etc/resolv.conf",
            *after_edit(facts),
        ),
        Scope(
            about(
                "corefile",
                "outside-names",
                "loops",
            ),
            outside_denied,
        ),
    )
