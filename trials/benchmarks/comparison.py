"""How long two runs of 12,500 answers each take to be read and compared, and how large they are.

    python -m trials.benchmarks.comparison

Nobody is asked: the runs are made up, with a large share of answers that differ.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from clusterdns.compare.content import Content, Edns, Entry
from clusterdns.compare.earlier import Earlier
from clusterdns.compare.memory import Spot, table_of
from clusterdns.compare.recording import (
    Cell,
    Place,
    Recording,
    read_recording,
    write_recording,
)
from clusterdns.compare.runs import Asker, PathKey, measure
from clusterdns.report.model import Report, Suite
from clusterdns.report.results import ANSWERS

NODES = 3
SERVERS = (Place("service/kube-dns"), Place("pod/a", "n0"), Place("pod/b", "n1"))
EACH = 2 * NODES * len(SERVERS)  # answers to one question


def a_run(answers: int, differing: float, drawn: random.Random) -> Recording:
    """A run of so many answers, of which a share says something that no other run says."""
    made = Recording(
        zone="cluster.local.",
        checks=[(f"tests/dns/test_made_up.py::test_{n}", "") for n in range(400)],
        nodes=[f"n{n}" for n in range(NODES)],
        servers=list(SERVERS),
    )
    for number in range(-(-answers // EACH)):
        owner = f"service-{number}.<run>.svc.<zone>"
        made.questions.append(f"{owner} A")
        data = f"10.{drawn.randrange(256)}.{drawn.randrange(256)}.1"
        data = data if drawn.random() < differing else f"<Service our/{number} IPv4>"
        for ttl in (30, 29):
            entries = tuple(Entry(owner, "A", ttl, f"{data}{n}") for n in range(1 + number % 4))
            echoed = f"{owner} A"
            content = Content(
                "", "QUERY", "NOERROR", "QR AA RD", echoed, entries, edns=Edns(0, 1232)
            )
            made.contents.append(content)
        for n in range(EACH):
            node, server, transport = n % NODES, n // NODES % len(SERVERS), n // (EACH // 2)
            content_index = 2 * number + drawn.randrange(2)
            way = ("udp", "tcp")[transport]
            ms = drawn.expovariate(0.5)
            check = number % 400
            made.cells.append(Cell(check, number, node, server, way, content_index, ms))
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Make two runs, write and read them, compare them, and print what it took."""
    parser = argparse.ArgumentParser(prog="comparison", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--answers", type=int, default=12_500, help="of each run")
    parser.add_argument("--differing", type=float, default=0.2, help="share of the questions")
    chosen = parser.parse_args(arguments)
    drawn = random.Random(7)
    runs = [a_run(chosen.answers, chosen.differing, drawn) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, name) for name in ("old", "new")]
        for run, place in zip(runs, places, strict=True):
            place.mkdir()
            begun = time.perf_counter()
            write_recording(run, place)
            wrote = time.perf_counter() - begun
        size = (places[0] / ANSWERS).stat().st_size
        begun, busy = time.perf_counter(), time.process_time()
        old, new = (read_recording(place) for place in places)
        read = time.perf_counter() - begun
    if old is None or new is None:
        raise SystemExit("what was written is not there")
    found = measure([Earlier("old", Report("", Suite("1")), old)], new, _asker(new))
    compared = time.perf_counter() - begun - read
    print(f"{len(new.cells)} answers each, {size / 1000:.0f} kB a run, written in {wrote:.2f} s")
    busy = time.process_time() - busy
    print(f"both read in {read:.2f} s, compared in {compared:.2f} s; {busy:.2f} s of a processor")
    print(f"{sum(change.cells for change in found.answers)} answers differ")


def _asker(run: Recording) -> Asker:
    """Says again what the run was told."""
    table = table_of(run)

    def again(spots: Sequence[Spot], fresh: bool) -> dict[Spot, list[Content]]:
        return {spot: table.contents[spot] for spot in spots}

    def times(spots: Sequence[Spot]) -> tuple[list[float], list[float]]:
        return [], []

    def times_of_path(path: PathKey) -> list[float]:
        return []

    return Asker(again, times, times_of_path)


if __name__ == "__main__":
    main()
