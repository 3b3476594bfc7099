"""HTTP from inside the cluster: the health, ready and metrics endpoints of a replica."""

from collections.abc import Sequence
from dataclasses import dataclass

from clusterdns.probe import Conversation, Probe


@dataclass(frozen=True)
class Page:
    """What a GET brought: status 0 and the reason in ``body`` when nothing came."""

    url: str
    status: int
    body: str

    def __str__(self) -> str:
        return f"{self.url} -> {self.status or 'no reply'} {self.body.strip()[:200]}"


def get_all(
    probe: Probe, wanted: Sequence[tuple[str, int, str]], timeout: float = 3.0
) -> list[Page]:
    """GET each (address, port, path) from a probe's network, all side by side."""
    talks = [
        Conversation(address, port, (request(address, path),), timeout)
        for address, port, path in wanted
    ]
    return [
        page(address, port, path, transcript.data, transcript.ending)
        for (address, port, path), transcript in zip(wanted, probe.converse(talks), strict=True)
    ]


def request(address: str, path: str) -> bytes:
    """A GET that asks the server to close the connection afterwards (RFC 9112)."""
    lines = [f"GET {path} HTTP/1.0", f"Host: {bracketed(address)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def page(address: str, port: int, path: str, data: bytes, ending: str) -> Page:
    """Read a reply; without a status line the way the connection ended is the body."""
    url = f"http://{bracketed(address)}:{port}{path}"
    head, _, body = data.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit() or ending != "closed":
        return Page(url, 0, f"{head[:80].decode(errors='replace')} ({ending})".strip())
    return Page(url, int(words[1]), body.decode(errors="replace"))


def bracketed(address: str) -> str:
    """An address as it stands in a URL (RFC 3986 3.2.2)."""
    return f"[{address}]" if ":" in address else address
