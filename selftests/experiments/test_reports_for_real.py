"""The checks of metrics, log and errors pass for a real CoreDNS, and fail when it tells otherwise.

Some CoreDNS are configured wrongly; of a sound one the log and the metrics are then falsified.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.experiments.cache.answers import ADDRESS
from clusterdns.experiments.logs_and_metrics.experiment import Reporting, ReportingExperiment
from clusterdns.experiments.logs_and_metrics.questions import ASKINGS, METERED
from clusterdns.inventory.metrics import Metrics
from clusterdns.inventory.series import expected_series
from selftests.experiments.local_coredns import Fault, Proof, conducted, failures_of, instead
from tests.network import test_logs, test_metrics

LINE, SIZES = "question_has_one_line-", "line_has_size_and_duration-"
OF_LOG = {f"{check}{asking}" for check in (LINE, SIZES) for asking in ASKINGS}
# What was done to the Corefile, the checks that must fail, and words of a message.
FAULTS = {
    "no-log": Fault(instead(r"5442 {\nlog\n", "5442 {\n"), OF_LOG, "no line"),
    "another-format": Fault(
        instead(r"5442 {\nlog\n", '5442 {\nlog . "{name} {rcode}"\n'),
        OF_LOG,
        "no line",
    ),
    "log-nobody-wanted": Fault(
        instead(r"5443 {\n", "5443 {\nlog\n"),
        {"without_log_there_is_no_line"},
        '"A IN ',
    ),
    "wrong-class": Fault(
        instead("class denial", "class all"),
        {"class_chooses_the_lines-denial"},
        "class denial: frozenset(",
    ),
    "no-errors": Fault(
        instead(r"5447 {\nerrors\n", "5447 {\n"),
        {"error_names_question_and_cause"},
        "no line",
    ),
    "errors-nobody-wanted": Fault(
        instead(r"5448 {\n", "5448 {\nerrors\n"),
        {"without_errors_there_is_no_line"},
        "connection refused",
    ),
    "not-consolidated": Fault(
        instead(r"consolidate .*\n", ""),
        {"consolidated_errors_are_told_together"},
        "no line",
    ),
    "upstream-there-after-all": Fault(
        instead("127.0.0.1:5405", "127.0.0.1:5401"),
        {
            "dead_upstream_gives_servfail",
            "error_names_question_and_cause",
            "consolidated_errors_are_told_together",
        },
        "9 of 9 cells deviate",
    ),
}
PROOF = Proof(ReportingExperiment, test_logs, "reporting", FAULTS)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Reporting:
    """What a CoreDNS tells that is as it should be."""
    result: Reporting = conducted(ReportingExperiment, tmp_path_factory.mktemp("sound"))
    return result


def test_sound_reports_pass(sound: Reporting) -> None:
    """Nothing is wrong with what a real CoreDNS tells."""
    assert failures_of(test_logs, "reporting", sound) == {}
    assert failures_of(test_metrics, "reporting", sound) == {}


def test_sound_reports_pass_over_ipv6(tmp_path: Path) -> None:
    """Family, brackets around addresses: nothing is peculiar to IPv4."""
    result = conducted(ReportingExperiment, tmp_path, address="::1")
    assert failures_of(test_logs, "reporting", result) == {}
    assert failures_of(test_metrics, "reporting", result) == {}


def test_lying_upstream_is_found(tmp_path: Path) -> None:
    """A wrong address from the upstream fails the check of the answers, and no counter."""
    faults = {"cached": instead(ADDRESS, "192.0.2.66")}
    found = failures_of(test_metrics, "reporting", conducted(ReportingExperiment, tmp_path, faults))
    assert set(found) == {"metered_questions_are_answered"}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(verdicts: Mapping[str, Mapping[str, str]], fault: str) -> None:
    """Exactly the checks that the fault concerns fail, and say what was seen."""
    assert FAULTS[fault].is_found_in(verdicts[fault]), verdicts[fault]


def test_unused_plugin_lacks_series(tmp_path: Path) -> None:
    """A CoreDNS that has no cache at all lacks the series of the cache, and counts as it should."""
    faults = {"Corefile": instead(r"cache 30\n", "")}
    found = failures_of(test_metrics, "reporting", conducted(ReportingExperiment, tmp_path, faults))
    lacking = expected_series({"cache"}, "use")
    assert set(found) == {f"plugin_in_use_has_series-{series}" for series in lacking}


def log_of(old: str, new: str, label: str) -> Callable[[Reporting], Reporting]:
    """The fault that the line of one question says something else."""

    def corrupt(sound: Reporting) -> Reporting:
        asking = next(each for each in ASKINGS if each.label == label)
        (line,) = sound.lines(5442, asking)
        assert old in line.text
        return replace(sound, log=sound.log.replace(line.text, line.text.replace(old, new)))

    return corrupt


@pytest.mark.parametrize(
    ("corrupt", "check", "words"),
    [
        (log_of("NXDOMAIN", "NOERROR", "NXDOMAIN"), f"{LINE}NXDOMAIN", "rcode='NOERROR'"),
        (log_of("TXT", "A", "NODATA"), f"{LINE}NODATA", "rdtype='A'"),
        (log_of(" tcp ", " udp ", "A-over-TCP"), f"{LINE}A-over-TCP", "transport='udp'"),
        (log_of(" true ", " false ", "NXDOMAIN-with-DO"), f"{LINE}NXDOMAIN-with-DO", "=False"),
        (log_of("1232", "4096", "A"), f"{LINE}A", "bufsize=4096"),
        (log_of("qr,", "", "REFUSED"), f"{LINE}REFUSED", "must be"),
    ],
    ids=["rcode", "type", "transport", "do", "bufsize", "flags"],
)
def test_line_that_lies_is_found(
    sound: Reporting, corrupt: Callable[[Reporting], Reporting], check: str, words: str
) -> None:
    """One wrong field of one line fails one check, which names it."""
    found = failures_of(test_logs, "reporting", corrupt(sound))
    assert set(found) == {check}, found
    assert words in found[check]


def test_second_line_is_found(sound: Reporting) -> None:
    """A question that is told twice is as wrong as one that is not told."""
    (line,) = sound.lines(5442, ASKINGS[0])
    found = failures_of(test_logs, "reporting", replace(sound, log=f"{sound.log}\n{line.text}\n"))
    assert set(found) == {f"{LINE}A"}


@pytest.mark.parametrize(
    ("name", "labels", "words"),
    [
        ("dns_requests_total", {"type": "TXT"}, "requests udp TXT family 1"),
        ("dns_requests_total", {"proto": "tcp", "type": "A"}, "requests tcp A family 1"),
        ("dns_requests_total", {"type": "other"}, "requests tcp other family 1"),
        ("dns_responses_total", {"rcode": "NXDOMAIN"}, "responses NXDOMAIN"),
        ("dns_do_requests_total", {}, "questions with DO"),
        ("dns_request_size_bytes_sum", {"proto": "udp"}, "octets of questions"),
        ("dns_response_size_bytes_count", {"proto": "tcp"}, "sizes of answers"),
    ],
    ids=str,
)
def test_counter_that_lies_is_found(
    sound: Reporting, name: str, labels: dict[str, str], words: str
) -> None:
    """One count too many fails the check, which says of what."""
    here = {"server": f"dns://:{METERED}", **labels}
    samples = tuple(
        replace(s, value=s.value + 1)
        if s.name == f"coredns_{name}" and here.items() <= s.labels.items()
        else s
        for s in sound.metrics.samples
    )
    assert samples != sound.metrics.samples
    lying = replace(sound, metrics=Metrics(samples))
    found = failures_of(test_metrics, "reporting", lying)
    assert set(found) == {"counters_move_as_questions_do"}
    assert words in found["counters_move_as_questions_do"]
