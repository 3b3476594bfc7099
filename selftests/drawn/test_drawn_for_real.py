"""A real CoreDNS accepts each drawn Corefile, or refuses it where the truth says so."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from clusterdns.wait import eventually
from selftests.corefile.coredns import CoreDNS
from selftests.realcoredns import BINARY
from trials.faults.drawn.corefile_text import KUBEADM
from trials.faults.drawn.grammar import DrawnMutant, draw
from trials.faults.drawn.left_out import LEFT_OUT
from trials.faults.drawn.onlooker import BURST_SCRIPT

SAMPLE = [mutant for mutant in draw(60, 1) if mutant.edit]


def plugins_of(text: str) -> set[str]:
    """The first words of what stands directly in a block, not those of options."""
    return {line.split()[0] for line in text.splitlines() if re.match(r" {4}\w", line)}


def test_sound_corefile_is_accepted(coredns: CoreDNS) -> None:
    """What all are drawn from."""
    assert coredns.verdict(KUBEADM).accepted


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda mutant: mutant.name)
def test_refusal_is_known(coredns: CoreDNS, mutant: DrawnMutant) -> None:
    """CoreDNS does not start with what the truth calls refused, and starts with all else."""
    assert mutant.edit is not None
    verdict = coredns.verdict(mutant.edit(KUBEADM))
    assert verdict.accepted is not mutant.truth.refused, verdict.output


def test_every_plugin_is_drawn_or_left_out_for_a_reason() -> None:
    """The binary says which plugins there are."""
    listed = subprocess.run([BINARY, "-plugins"], capture_output=True, text=True, check=True)
    there = {line.split()[-1].removeprefix("dns.") for line in listed.stdout.splitlines() if line}
    drawn: set[str] = set()
    for seed in range(1, 60):
        for mutant in draw(60, seed):
            drawn |= plugins_of(mutant.edit(KUBEADM)) if mutant.edit else set()
    assert there - drawn - {"on"} == set(LEFT_OUT)


SERVING = """\
.:{port} {{
    bind 127.0.0.1
    hosts {{
        10.96.0.1 kubernetes.default.svc.cluster.local
    }}
    {more}
}}
"""


@pytest.mark.parametrize(
    ("more", "lost"), [("errors", False), ("acl {\n drop\n }", True)], ids=["sound", "silent"]
)
def test_burst_counts_what_came(tmp_path: Path, more: str, lost: bool) -> None:
    """The onlooker's count of lost questions: nothing of a sound server, all of a silent one."""
    port = free_port()
    (tmp_path / "Corefile").write_text(SERVING.format(port=port, more=more))
    server = subprocess.Popen([BINARY, "-conf", str(tmp_path / "Corefile"), "-quiet"])
    try:
        words = ["perl", "-e", BURST_SCRIPT, "127.0.0.1", "50", str(port)]
        eventually(lambda: takes_tcp(port), True, 10.0)
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    finally:
        server.kill()
        server.wait()
    assert said == f"got {0 if lost else 50}\n"


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def takes_tcp(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
