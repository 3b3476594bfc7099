"""Our verdict on a Corefile is that of a real CoreDNS.

Collected only when CLUSTERDNS_COREDNS_BINARY names a binary; needs ``unshare`` (util-linux).
"""

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clusterdns.corefile import CorefileError, findings, fingerprints, parse
from selftests.corefile.coredns import CoreDNS
from selftests.corefile.corefiles import HERE, IMPORTED, RUNNING
from selftests.corefile.everyday import CASES, CUSTOM, RIGHT
from selftests.corefile.mangling import mangled

EVERY = sorted((HERE / "corefiles").rglob("*.Corefile"))

MANGLED = 300
# Of mangled Corefiles some hang on what only the pod knows: whether a file that is named exists,
# what a variable holds. Measured: 1 in 100.
UNDECIDABLE = 0.03


def complaints(text: str, version: str) -> list[str]:
    """Every error that we see in a Corefile."""
    try:
        found = findings(parse(text), version)
    except CorefileError as problem:
        return [str(problem)]
    return [str(one) for one in found if one.level == "error"]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_same_verdict(path: Path, coredns: CoreDNS) -> None:
    """We must refuse a Corefile if, and only if, this CoreDNS does."""
    text = path.read_text()
    verdict = coredns.verdict(text)
    assert verdict.accepted == (complaints(text, coredns.version()) == []), verdict.output


@pytest.mark.parametrize("name", [*CASES, *RIGHT])
def test_same_verdict_on_everyday_mistakes(name: str, coredns: CoreDNS) -> None:
    """What we call an error, and only that, this CoreDNS refuses; imported files are in place."""
    case = {**CASES, **RIGHT}[name]
    shutil.rmtree(coredns.root / CUSTOM.lstrip("/"), ignore_errors=True)
    for path, text in case.files.items():
        (coredns.root / path.lstrip("/")).parent.mkdir(exist_ok=True)
        (coredns.root / path.lstrip("/")).write_text(text)
    verdict, version = coredns.verdict(case.text), coredns.version()
    found = findings(parse(case.text, case.files, [CUSTOM]), version)
    refused = [str(one) for one in found if one.level == "error"]
    assert verdict.accepted == (refused == []), (verdict.output, refused)


def test_same_verdict_on_mangled_corefiles(coredns: CoreDNS) -> None:
    """Corefiles with random faults are judged as the real CoreDNS judges them."""
    chance, version = random.Random(20), coredns.version()
    texts = [mangled(chance.choice(EVERY).read_text(), chance) for _ in range(MANGLED)]
    with ThreadPoolExecutor(4) as threads:
        verdicts = list(threads.map(coredns.verdict, texts, map(str, range(MANGLED))))
    differing = [
        f"{verdict.output}\n{complaints(text, version)}\n{text}"
        for text, verdict in zip(texts, verdicts, strict=True)
        if verdict.accepted != (complaints(text, version) == [])
    ]
    assert len(differing) <= MANGLED * UNDECIDABLE, "\n\n".join(differing)


@pytest.mark.parametrize("name", RUNNING)
def test_same_fingerprint(name: str, coredns: CoreDNS) -> None:
    """The sum that this CoreDNS logs of its configuration is the one that we compute."""
    text = RUNNING[name]
    assert coredns.running(text, IMPORTED) in fingerprints(parse(text, IMPORTED)), text
