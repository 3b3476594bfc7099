"""An experiment without a cluster: its CoreDNS instances are processes in a network namespace.

The Corefiles, the ports and the questions are those of the real experiment; only the pod is
missing. Needs ``unshare``, ``nsenter`` (util-linux), ``ip`` and a CoreDNS binary.
"""

import inspect
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.gather import Gather
from clusterdns.matrix.tally import Tally
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.instance import FOLDER, MAIN
from clusterdns.testbed.testbed import Testbed
from selftests.experiments.places import IMAGE, Recorder, inventory, node, replica, workspace
from selftests.probe.local_relay import LocalProbe
from selftests.realcoredns import BINARY

LOOPBACK = "127.0.0.1"
NODE = "this-host"
Corrupt = Callable[[str], str]  # what a Corefile becomes: a fault that somebody made


@dataclass
class Processes(OwnCoreDns):
    """A private CoreDNS whose containers are processes; ``change`` writes its files anew."""

    binary: str = ""
    folder: Path = Path()
    enter: Sequence[str] = ()
    address: str = LOOPBACK
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Write the files and start one process for each container."""
        self._write(self.files)
        containers: dict[str, tuple[str, ...]] = {MAIN: ("-conf", f"{FOLDER}/Corefile")}
        containers |= {each.name: tuple(each.args) for each in self.companions}
        for name, arguments in containers.items():
            with self._log(name).open("wb") as log:
                words = [word.replace(FOLDER, str(self.folder)) for word in arguments]
                command = [*self.enter, self.binary, *words]
                started = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
                self.running.append(started)

    def stop(self) -> None:
        """End the processes."""
        for process in self.running:
            process.kill()
            process.wait()

    def _write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text.replace(FOLDER, str(self.folder)))

    def _log(self, container: str) -> Path:
        return self.folder / f"{container}.log"

    def wait_until_running(self, within: float | None = None) -> str:
        """It was started already; its address."""
        return self.address

    def has_ended(self) -> bool:
        """Whether the first process ended."""
        return self.running[0].poll() is not None

    def logs(self, container: str = MAIN, timestamps: bool = False) -> str:
        """What a process printed."""
        return self._log(container).read_text()

    def change(self, files: Mapping[str, str]) -> float:
        """Write some files anew; when (monotonic)."""
        began = time.monotonic()
        self._write(files)
        return began

    def delete(self) -> None:
        """Nothing: the processes end with the stand."""


@contextmanager
def network_namespace() -> Iterator[list[str]]:
    """The words that put a command into a network namespace of its own, with loopback."""
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        yield ["nsenter", f"--target={holder.pid}", "--net"]


def conducted(
    make: Callable[[ExperimentSetup], Any],
    folder: Path,
    corrupt: Mapping[str, Corrupt] | None = None,
    address: str = LOOPBACK,
) -> Any:  # noqa: ANN401 (each experiment has a result of its own)
    """The result of an experiment whose files were changed by a fault: by key of the ConfigMap."""
    found = inventory((node(NODE),), (replica("coredns-1", NODE),), IMAGE)
    made = workspace(folder, found, Recorder())
    experiment = make(ExperimentSetup(made, NODE))
    sound: OwnCoreDns = experiment.instance
    faults = corrupt or {}
    files = {
        name: spoilt(faults[name], text) if name in faults else text
        for name, text in sound.files.items()
    }
    place = folder / "files"
    place.mkdir()
    with network_namespace() as enter:
        instance = Processes(
            made,
            sound.name,
            files,
            NODE,
            companions=sound.companions,
            binary=BINARY,
            folder=place,
            enter=enter,
            address=address,
        )
        experiment.instance = instance
        relay = LocalProbe()
        relay._command = [*enter, *relay._command]
        instance.start()
        try:
            with relay:
                testbed = Testbed(made, {NODE: relay.probe}, {}, {})
                return experiment.conduct(ExperimentContext(testbed, NODE))
        finally:
            instance.stop()


def spoilt(corrupt: Corrupt, text: str) -> str:
    """The text with the fault in it; a fault that changes nothing is a mistake of the proof."""
    changed = corrupt(text)
    assert changed != text, f"the fault is not in\n{text}"
    return changed


def without(line: str) -> Corrupt:
    """The fault that a line (a pattern) is missing."""
    return partial(re.sub, rf"(?m)^\s*{line}\n", "")


def instead(old: str, new: str) -> Corrupt:
    """The fault that something else stands there (patterns as in re.sub)."""
    return partial(re.sub, old, new)


def failures_of(checks: ModuleType, name: str, result: object) -> dict[str, str]:
    """What the checks of a file that take this fixture say when they fail, by their names."""
    found: dict[str, str] = {}
    for check, function in vars(checks).items():
        parameters = inspect.signature(function).parameters if check.startswith("test_") else {}
        if name not in parameters:
            continue
        given = {name: result, "gather": Gather(Tally(), lambda answer: f"ask {answer.question}")}
        marks = [m for m in getattr(function, "pytestmark", []) if m.name == "parametrize"]
        tables = {mark.args[0]: tuple(mark.args[1]) for mark in marks}
        tables |= {"transport": ("udp", "tcp")} if "transport" in parameters else {}
        for values in product(*tables.values()):
            case = dict(zip(tables, values, strict=True))
            known = {key: value for key, value in given.items() if key in parameters}
            try:
                function(**known, **case)
            except AssertionError as error:
                found["-".join([check.removeprefix("test_"), *map(str, values)])] = str(error)
    return found


class Fault(NamedTuple):
    """Something wrong in a Corefile, and what must come of it."""

    how: Corrupt | None  # None: nothing is wrong
    checks: set[str]  # that must fail
    words: str  # of their messages

    def is_found_in(self, failed: Mapping[str, str]) -> bool:
        """Whether exactly the checks that it concerns failed, and say what was seen."""
        return set(failed) == self.checks and self.words in "\n".join(failed.values())


@dataclass(frozen=True)
class Proof:
    """The checks of a file, tried on an experiment with each fault: the fixture ``verdicts``."""

    make: Callable[[ExperimentSetup], Any]
    checks: ModuleType
    name: str  # of the fixture with the result
    faults: Mapping[str, Fault]

    def verdicts(self, folder: Path) -> dict[str, dict[str, str]]:
        """By name of the fault the checks that fail, and their messages: all faults at once."""
        with ThreadPoolExecutor(max_workers=len(self.faults)) as pool:
            tried = partial(self._tried, folder)
            return dict(zip(self.faults, pool.map(tried, self.faults), strict=True))

    def _tried(self, folder: Path, fault: str) -> dict[str, str]:
        own = folder / fault
        own.mkdir()
        how = self.faults[fault].how
        result = conducted(self.make, own, {"Corefile": how} if how else {})
        return failures_of(self.checks, self.name, result)
