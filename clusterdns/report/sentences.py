"""The report in sentences: the same words on the terminal and on the page."""

from collections.abc import Mapping
from typing import Any

from clusterdns.report.exit_codes import ExitCode, meaning_of
from clusterdns.report.model import Report

# Plugins that change what a client is told; the rest is housekeeping.
TELLING = (
    "autopath",
    "federation",
    "file",
    "hosts",
    "k8s_external",
    "minimal",
    "rewrite",
    "template",
    "view",
)


def corefile_notes(report: Report) -> list[str]:
    """What is worth knowing about the Corefile, and nothing to change."""
    dns = report.cluster.get("dns") or {}
    return [str(each) for each in dns.get("corefileNotes") or ()]


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 check, 2 checks."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def verdict(report: Report) -> str:
    """The verdict in one sentence."""
    summary = report.summary
    judged = summary.passed + summary.failed + summary.deviations
    if report.cleanup.state == "changed":
        return f"The cluster was left changed. {_of_checks(report)}"
    if report.result == "error":
        if report.state == "running":
            return f"The run did not come to its end; {counted(judged, 'check')} had been judged."
        meaning = meaning_of(report.exit_code or 0, "the run ended early")
        until_then = f"{counted(judged, 'check')} judged until then, {summary.failed} failed"
        return f"{meaning[0].upper()}{meaning[1:]}{f'; {until_then}' if judged else ''}."
    return _of_checks(report)


def _of_checks(report: Report) -> str:
    summary = report.summary
    judged = summary.passed + summary.failed + summary.deviations
    if not judged:
        return "No check was judged."
    if summary.failed:
        text = f"{summary.failed} of {counted(judged, 'check')} failed"
    else:
        all_of_them = f"All {judged} checks that were" if judged > 1 else "The one check that was"
        text = f"{all_of_them} judged {'are' if judged > 1 else 'is'} fine"
    if summary.deviations:
        text += f", {counted(summary.deviations, 'deviation')} from advice or recommendation"
    if summary.not_run:
        text += f"; {summary.not_run} could not be run"
    if unprobed := report.cluster.get("unprobed"):
        text += f"; {counted(len(unprobed), 'node')} could not be asked from"
    return f"{text}."


def unprobed_lines(report: Report, most: int = 5) -> list[str]:
    """The nodes without a probe: each reason once, with the nodes it is about."""
    nodes: dict[str, list[str]] = {}
    for node, why in (report.cluster.get("unprobed") or {}).items():
        nodes.setdefault(why, []).append(node)
    return [f"no probe on {_some(names, most)}: {why}" for why, names in nodes.items()][:most]


def _some(names: list[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def cluster_lines(report: Report) -> list[str]:
    """What was judged, in lines for people; what is unknown is left out."""
    cluster, dns = report.cluster, report.cluster.get("dns") or {}
    who = [str(cluster.get("context") or ""), _with("Kubernetes ", cluster.get("server"))]
    size = [
        counted(int(cluster["nodes"]), "node") if cluster.get("nodes") is not None else "",
        _with("domain ", cluster.get("domain")),
        " and ".join(cluster.get("ipFamilies") or ()),
    ]
    server = [
        f"{dns.get('implementation') or 'DNS server'} {dns.get('version') or ''}".strip()
        if dns
        else "",
        counted(int(dns["replicas"]), "replica") if dns.get("replicas") is not None else "",
        str(dns.get("image") or ""),
    ]
    told = [features_line(dns.get("features") or {})]
    judged = [str(dns.get("judged") or "")]
    lines = (who, size, judged, server, told)
    return [", ".join(filter(None, words)) for words in lines if any(words)]


def _with(prefix: str, value: object) -> str:
    return f"{prefix}{value}" if value else ""


def features_line(features: Mapping[str, Any]) -> str:
    """The features that matter to a reader, in one line; empty without any."""
    if "pods" not in features:
        return ""
    cached = features["cachedSeconds"]
    kept = (
        f"cached {cached['success']} s, denials {cached['denial']} s"
        if any(cached.values())
        else ""
    )
    blocks, stubs = features["serverBlocks"], features["stubDomains"]
    words = [
        f"pods {features['pods']}",
        f"ttl {features['ttl']}",
        kept or "cluster zone not cached",
        f"{blocks} server blocks" if blocks > 1 else "",
        f"stub domains {' '.join(stubs)}" if stubs else "",
        *(name for name in TELLING if name in features["plugins"]),
        f"node-local caches on {counted(n, 'node')}"
        if (n := features.get("nodeLocalCaches"))
        else "",
        "imports that only the pod knows" if features["unresolvedImports"] else "",
    ]
    return ", ".join(word for word in words if word)


def time_line(report: Report) -> str:
    """Where the time went."""
    timing = report.timing
    parts = [
        ("host", timing.host_s),
        ("cluster", timing.cluster_s),
        ("set-up", timing.setup_s),
        ("checks", timing.checks_s),
        ("teardown", timing.teardown_s),
    ]
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts if seconds >= 0.05)
    asked = sum(check.asked for check in report.checks)
    answers = f"{counted(timing.questions, 'question')} asked, " if timing.questions else ""
    requests = timing.api_requests.get("total", 0)
    api = f", {counted(requests, 'API request')}" if requests else ""
    return f"{spent or 'no time at all'}; {answers}{counted(asked, 'answer')} compared{api}"


def exit_line(report: Report) -> str:
    """The exit code and what it means."""
    code = report.exit_code
    if code is None:
        return ""
    if code == ExitCode.OK and report.comparison and report.comparison.excused:
        number = len(report.comparison.excused)
        new = "was new" if number == 1 else "were new"
        return (
            f"exit code 0: nothing has regressed; {counted(number, 'check')} failed before as "
            f"well, or {new}"
        )
    if code == ExitCode.OK and report.result == "partial":
        return "exit code 0: no check failed, but not everything could be judged"
    return f"exit code {code}: {meaning_of(code, 'as pytest has it')}"
