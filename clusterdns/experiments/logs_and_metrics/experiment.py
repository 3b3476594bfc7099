"""What CoreDNS tells about its work, tried in a private one: metrics, log and errors.

Each server block of the instance has one way to tell; the same kinds of questions are put to each,
and what is told is compared with what was asked and answered.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from clusterdns.experiments.cache.answers import zone_file
from clusterdns.experiments.cache.lifetimes import undisturbed
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import planned_coredns
from clusterdns.experiments.logs_and_metrics.questions import (
    ASKINGS,
    CLASSES,
    FAILING,
    LOGGED,
    METERED,
    QUIET,
    SECONDS,
    TOGETHER,
    UNLOGGED,
    UPSTREAM_PORT,
    Asking,
    reporting_corefile,
    upstream_corefile,
)
from clusterdns.experiments.own_upstreams import GIVES_UP, UPSTREAM, UpstreamedExperiment, server_at
from clusterdns.inventory.metrics import Metrics
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Server
from clusterdns.own_coredns.log_lines import Error, Line, Said, Together
from clusterdns.own_coredns.log_lines import errors_in as all_errors
from clusterdns.own_coredns.log_lines import lines_in as all_lines
from clusterdns.own_coredns.log_lines import together_in as all_together
from clusterdns.wait import GENTLY, eventually, until

THRICE = 3
LARGEST = 65535  # octets that a client takes over TCP
TYPES = frozenset({"A", "AAAA", "TXT", "HTTPS"})  # of ours that have a label of their own


@dataclass(frozen=True)
class Reporting:
    """The results of the experiment with metrics, log and errors."""

    answers: Mapping[int, Mapping[str, Answer]]  # by port and label of the question
    again: Answer  # the first question to the metered block once more: from its cache
    failed: Mapping[int, tuple[Answer, ...]]  # by port, where the upstream is dead
    metrics: Metrics
    log: str
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Wanted:
        """The whole answer to each question that has an upstream."""
        return {
            asked[asking.label].question: asking.expected(asked[asking.label].question.name)
            for asked in self.answers.values()
            for asking in ASKINGS
        }

    @property
    def counted(self) -> Mapping[str, float]:
        """What the metrics count for the metered block."""
        server = f"dns://:{METERED}"
        found: Counter[str] = Counter()
        for sample in self.metrics.series("coredns_dns_requests_total", server=server):
            labels = sample.labels
            key = f"requests {labels['proto']} {labels['type']} family {labels['family']}"
            found[key] += int(sample.value)
        for sample in self.metrics.series("coredns_dns_responses_total", server=server):
            found[f"responses {sample.labels['rcode']}"] += int(sample.value)
        for key, name in TOTALS.items():
            found[key] += int(self.metrics.total(f"coredns_dns_{name}", server=server))
        return dict(found)

    @property
    def counted_right(self) -> Mapping[str, float]:
        """What the metrics must count after the questions that were put."""
        answers = self.answers[METERED]
        found: Counter[str] = Counter()
        for asking in (*ASKINGS, ASKINGS[0]):
            family = {4: 1, 6: 2}[self.again.server.family]
            rdtype = asking.rdtype if asking.rdtype in TYPES else "other"
            found[f"requests {asking.transport} {rdtype} family {family}"] += 1
            found[f"responses {asking.rcode}"] += 1
            found["questions with DO"] += asking.dnssec_ok
            found["octets of questions"] += octets(answers[asking.label])
        for key in ("durations", "sizes of questions", "sizes of answers"):
            found[key] = len(ASKINGS) + 1
        return dict(found)

    def lines(self, port: int, asking: Asking) -> tuple[Line, ...]:
        """What the log says about the question of a kind that was put to a block."""
        name = self.answers[port][asking.label].question.name
        return tuple(line for line in all_lines(self.log) if line.said.name == name)

    def right(self, port: int, asking: Asking) -> Said:
        """What the log must say about the question of a kind that was put to a block."""
        answer = self.answers[port][asking.label]
        question = answer.question
        return Said(
            rdtype=question.rdtype,
            rdclass=question.rdclass,
            name=question.name,
            transport=asking.transport,
            size=octets(answer),
            dnssec_ok=asking.dnssec_ok,
            bufsize=LARGEST if asking.transport == "tcp" else question.payload or 512,
            rcode=asking.rcode,
            flags=answer.flags,
            id=answer.message.id if answer.message else -1,
        )

    def labels_logged(self, port: int) -> frozenset[str]:
        """The kinds of questions to a block that the log has a line of."""
        return frozenset(asking.label for asking in ASKINGS if self.lines(port, asking))

    def errors(self, port: int) -> tuple[Error, ...]:
        """What was told about each failure of a block."""
        names = {answer.question.name for answer in self.failed[port]}
        return tuple(error for error in all_errors(self.log) if error.name in names)

    @property
    def together(self) -> tuple[Together, ...]:
        """What was told about several failures at once."""
        return all_together(self.log)


TOTALS: Mapping[str, str] = {
    "questions with DO": "do_requests_total",
    "octets of questions": "request_size_bytes_sum",
    "durations": "request_duration_seconds_count",
    "sizes of questions": "request_size_bytes_count",
    "sizes of answers": "response_size_bytes_count",
}


@dataclass
class ReportingExperiment(UpstreamedExperiment[Reporting]):
    """What a private CoreDNS logs and counts of questions that are put to it."""

    name = "reporting"
    instance_name = "reporting"
    plan = planned_coredns("reporting", "a private CoreDNS with metrics, log and errors")
    first_port = UPSTREAM_PORT

    def files(self) -> Mapping[str, str]:
        """The files of the instance: its Corefile, that of its upstreams, and their zones."""
        return {
            "Corefile": reporting_corefile(),
            UPSTREAM: upstream_corefile(),
            "cached": zone_file(),
        }

    def conduct(self, context: ExperimentContext) -> Reporting:
        """Put a question of each kind, then read metrics and log; the results.

        Raises NotPossibleError when something of ours does not serve or is too slow to count.
        """
        server = context.wait_until_serving(self.instance)
        context.wait_until_serving(self.instance, UPSTREAM_PORT)
        failed = {
            port: tuple(
                context.ask(
                    server_at(server, port),
                    [ASKINGS[0].question() for _ in range(THRICE)],
                    timeout=GIVES_UP,
                )
            )
            for port in (TOGETHER, FAILING, QUIET)
        }
        answers = {
            port: ask_all(context, server_at(server, port))
            for port in (METERED, UNLOGGED, *CLASSES.values(), LOGGED)
        }
        question = answers[METERED][ASKINGS[0].label].question
        again = context.ask_one(server_at(server, METERED), question, timeout=GIVES_UP)
        undisturbed(answer for each in answers.values() for answer in each.values())
        metrics = self.instance.metrics(context.probe, server.address)
        context.note("every block asked")
        last = answers[LOGGED][ASKINGS[-1].label].question.name
        log = self._log(context, last)
        return Reporting(
            answers=answers,
            again=again,
            failed=failed,
            metrics=metrics,
            log=log,
            notes=tuple(context.notes),
        )

    def _log(self, context: ExperimentContext, last: str) -> str:
        """What it printed, once the last question is in it and errors were told together."""
        gathered = SECONDS + 1.0
        until(time.monotonic() + gathered)
        eventually(
            self.instance.logs,
            lambda log: last in log and "like" in log,
            within=gathered,
            every=GENTLY,
        )
        return context.settled(lambda: self.instance.logs())


def ask_all(context: ExperimentContext, server: Server) -> dict[str, Answer]:
    """A question of each kind, one after the other."""
    return {
        asking.label: context.ask_one(server, asking.question(), asking.transport, GIVES_UP)
        for asking in ASKINGS
    }


def octets(answer: Answer) -> int:
    """The size of a question."""
    return len(answer.question.message().to_wire())
