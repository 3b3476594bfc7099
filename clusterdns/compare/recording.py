"""The answers of a run as a file beside its report, so that a later run can be compared with it.

Each answer is kept once, with roles in place of what differs from run to run; cells refer to it.
12,000 answers take some 200 kB.
"""

import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from clusterdns.compare.content import Content, Edns, Entry
from clusterdns.report.model import API_VERSION
from clusterdns.report.results import ANSWERS, ANSWERS_MARK, NotOursError, write_bytes

KIND = "ConformanceAnswers"
TENTHS = 10  # times are kept in tenths of a millisecond


class Place(NamedTuple):
    """A server: its name as the run saw it ("pod/coredns-6f9c-abcde"), and the node it runs on."""

    name: str
    node: str = ""  # empty for the Service
    family: int = 4

    @property
    def kind(self) -> tuple[str, int]:
        """What sort of server it is ("service", "pod", "upstream"), and its family."""
        return self.name.partition("/")[0], self.family

    @property
    def words(self) -> str:
        """The name, and the family where it is asked over IPv6."""
        return self.name if self.family == 4 else f"{self.name} (IPv6)"


class Cell(NamedTuple):
    """One answer: indices into the lists of its Recording, and its time in milliseconds."""

    check: int
    question: int
    node: int
    server: int
    transport: str
    content: int
    ms: float


@dataclass
class Recording:
    """What the checks of a run were answered, in the order in which they asked.

    ``questions`` have roles in them; ``paths`` are the times of all that was asked on a path, in
    milliseconds, as the lower quartiles of blocks (see clusterdns.compare.speed), by indices of
    node and server, and transport.
    """

    zone: str = ""
    checks: list[tuple[str, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    servers: list[Place] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    paths: dict[tuple[int, int, str], tuple[float, ...]] = field(default_factory=dict)


def write_recording(recording: Recording, folder: Path) -> None:
    """Write the file beside the report. Raises OSError."""
    transports = sorted({cell.transport for cell in recording.cells})
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "zone": recording.zone,
        "checks": recording.checks,
        "questions": recording.questions,
        "nodes": recording.nodes,
        "servers": recording.servers,
        "transports": transports,
        "contents": [_packed(content) for content in recording.contents],
        "cells": _columns(
            [*c[:4], transports.index(c.transport), c.content, round(c.ms * TENTHS)]
            for c in recording.cells
        ),
        "paths": [[*path, list(blocks)] for path, blocks in recording.paths.items()],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    packed = io.BytesIO()
    with gzip.GzipFile(ANSWERS_MARK, "wb", fileobj=packed, mtime=0) as file:
        file.write(text.encode())
    write_bytes(folder / ANSWERS, packed.getvalue())


def read_recording(folder: Path) -> Recording | None:
    """The recording beside a report; None where there is none. Raises NotOursError, OSError."""
    path = folder / ANSWERS
    if not path.exists():
        return None
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            document = json.load(file)
        if (document["apiVersion"], document["kind"]) != (API_VERSION, KIND):
            raise NotOursError(f"{path} is not a {KIND} of {API_VERSION}")
        return _recording(document)
    except (ValueError, EOFError, KeyError, TypeError, IndexError, gzip.BadGzipFile) as error:
        raise NotOursError(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _recording(document: Mapping[str, Any]) -> Recording:
    transports = document["transports"]
    return Recording(
        zone=document["zone"],
        checks=[(i, p) for i, p in document["checks"]],
        questions=document["questions"],
        nodes=document["nodes"],
        servers=[Place(*place) for place in document["servers"]],
        contents=[_content(packed) for packed in document["contents"]],
        cells=[
            Cell(c, q, n, s, transports[t], content, ms / TENTHS)
            for c, q, n, s, t, content, ms in zip(*document["cells"], strict=True)
        ],
        paths={(n, s, t): tuple(blocks) for n, s, t, blocks in document["paths"]},
    )


def _columns(rows: Iterable[Sequence[int]]) -> list[list[int]]:
    """Rows as columns: what is alike stands together, and packs well."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in Cell._fields]


def _packed(content: Content) -> list[object]:
    return [
        content.error,
        content.opcode,
        content.rcode,
        content.flags,
        content.echoed,
        content.answer,
        content.authority,
        content.additional,
        content.edns,
        content.serials,
    ]


def _content(packed: Sequence[Any]) -> Content:
    error, opcode, rcode, flags, echoed, *sections, edns, serials = packed
    answer, authority, additional = (tuple(Entry(*e) for e in section) for section in sections)
    version, payload, edns_flags, options = edns
    opt = Edns(version, payload, edns_flags, tuple((c, t) for c, t in options))
    return Content(
        error, opcode, rcode, flags, echoed, answer, authority, additional, opt, tuple(serials)
    )
