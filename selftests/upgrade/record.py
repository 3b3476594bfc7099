"""kubeadm's decisions, recorded once from its own library: python -m selftests.upgrade.record.

Needs Go, and the module proxy for a few small modules. The file is reviewed like any other, and the
self-tests hold our decision against it; with --check nothing is written, and the exit code is 1
when a record has become untrue.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clusterdns.upgrade.target import Kubeadm, kubeadms
from selftests.upgrade.corefiles import COREFILES, TAGS

FOLDER = Path(__file__).parent
RECORD = FOLDER / "kubeadm.json"
MODULE = "github.com/coredns/corefile-migration"
Decided = dict[str, Any]


def judged() -> Sequence[Kubeadm]:
    """The kubeadms whose library is known."""
    return [each for each in kubeadms().values() if each.migration]


def recorded(kubeadm: Kubeadm) -> Mapping[str, Mapping[str, Decided]]:
    """What the library decides, by Corefile and tag."""
    questions = [(name, tag) for name in COREFILES for tag in TAGS]
    lines = [
        json.dumps({"tag": tag, "target": kubeadm.coredns, "corefile": COREFILES[name]})
        for name, tag in questions
    ]
    with tempfile.TemporaryDirectory() as place:
        Path(place, "main.go").write_bytes((FOLDER / "oracle" / "main.go").read_bytes())
        _go(place, "mod", "init", "oracle")
        _go(place, "mod", "edit", "-require", f"{MODULE}@v{kubeadm.migration}")
        _go(place, "mod", "tidy")
        answers = _go(place, "run", ".", given="\n".join(lines)).splitlines()
    found: dict[str, dict[str, Decided]] = {}
    for (name, tag), answer in zip(questions, answers, strict=True):
        kept = {key: value for key, value in json.loads(answer).items() if value}
        found.setdefault(name, {})[tag] = kept
    return found


def _go(place: str, *words: str, given: str = "") -> str:
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    done = subprocess.run(
        ["go", *words], cwd=place, env=environment, input=given, text=True, capture_output=True
    )
    if done.returncode:
        raise RuntimeError(f"go {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def shortened(found: Mapping[str, Mapping[str, Mapping[str, Decided]]]) -> str:
    """The record as text: by Corefile and tag, and by Kubernetes where these do not agree."""
    lines = []
    for name in COREFILES:
        rows = []
        for tag in TAGS:
            by_kubernetes = {minor: found[minor][name][tag] for minor in found}
            rows.append(f"  {json.dumps(tag)}: {json.dumps(by_kubernetes)}")
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(words: Sequence[str]) -> int:
    """Record, or compare with --check; the exit code."""
    text = shortened({each.kubernetes: recorded(each) for each in judged()})
    if "--check" in words:
        same = RECORD.read_text(encoding="utf-8") == text
        print("the record is true" if same else f"{RECORD.name} has become untrue")
        return 0 if same else 1
    RECORD.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
