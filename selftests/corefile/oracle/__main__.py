"""python -m selftests.corefile.oracle: start every Corefile with every CoreDNS, and compare.

Without ``--write`` each record that has become untrue is named, and the exit code is 1.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from host.bootstrap.oracle import VARIABLE
from selftests.corefile.oracle.collection import Sample, collection
from selftests.corefile.oracle.jail import Jail, make_certificate
from selftests.corefile.oracle.verdicts import differences, recorded, write

AT_ONCE = 8  # most of them wait


def main(words: Sequence[str]) -> int:
    """Do what the command line says; 0, 1 where a record is untrue, 4 for wrong usage."""
    options = _parse(words)
    programs = dict(
        one.split("=", 1) for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one
    )
    if options.only:
        programs = {one: path for one, path in programs.items() if one in options.only.split(",")}
    if not programs:
        print(f"{VARIABLE} names no program of CoreDNS: call ./run oracle.", file=sys.stderr)
        return 4
    samples = [one for name, one in collection().items() if options.k in name]
    old = recorded()
    found: dict[str, dict[str, str]] = {one.name: {} for one in samples}
    for version, program in programs.items():
        began = time.monotonic()
        for name, said in verdicts(Path(program), samples).items():
            found[name][version] = said
        seconds = time.monotonic() - began
        print(f"{seconds:7.1f} s  CoreDNS {version}: {len(samples)} Corefiles", file=sys.stderr)
    known = {name: old.get(name, {}) for name in (found if options.k else {**old, **found})}
    untrue = differences(known, found)
    print("\n".join(untrue))
    if options.write:
        old = recorded()  # another run may have written meanwhile
        kept = old if options.k else {}
        write({**kept, **{name: {**old.get(name, {}), **new} for name, new in found.items()}})
        print(f"{len(untrue)} records changed", file=sys.stderr)
        return 0
    print(f"{len(untrue)} of {len(found)} records are untrue", file=sys.stderr)
    return int(bool(untrue))


def verdicts(program: Path, samples: Sequence[Sample]) -> Mapping[str, str]:
    """What a program says of each Corefile, by its name."""
    with jails(program) as free, ThreadPoolExecutor(AT_ONCE) as threads:

        def ask(sample: Sample) -> str:
            jail = free.get()
            try:
                return jail.verdict(sample)
            finally:
                free.put(jail)

        said = threads.map(ask, samples)
        return {sample.name: one for sample, one in zip(samples, said, strict=True)}


@contextmanager
def jails(program: Path) -> Iterator["Queue[Jail]"]:
    """As many folders as programs run at once."""
    with tempfile.TemporaryDirectory(prefix="oracle-", dir=program.parent) as place:
        certificate = make_certificate(Path(place, "tls"))
        free: Queue[Jail] = Queue()
        for number in range(AT_ONCE):
            free.put(Jail.of(program, Path(place, str(number)), certificate))
        yield free


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run oracle", description=__doc__)
    parser.add_argument("--write", action="store_true", help="record what was found")
    parser.add_argument("--only", default="", help="versions, with commas between them")
    parser.add_argument("-k", default="", help="only Corefiles that have this in their names")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
