"""Commands in the node containers."""

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

COMMAND_S = 30.0


class NodeError(Exception):
    """A command in a node failed; the message holds what it said."""


def on_node(node: str, script: str, data: bytes | None = None, within: float = COMMAND_S) -> str:
    """Run a shell script in a node's container and return what it printed.

    Raises NodeError when it fails or takes more than ``within`` seconds.
    """
    argv = ["docker", "exec", "-i", node, "sh", "-ec", script]
    try:
        done = subprocess.run(argv, input=data or b"", capture_output=True, timeout=within)
    except subprocess.TimeoutExpired:
        raise NodeError(f"{node}: `{script}` took more than {within:.0f} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise NodeError(f"{node}: `{script}` ended with {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")


def on_nodes(nodes: Sequence[str], script: str) -> dict[str, str]:
    """Run a shell script on nodes side by side; what each printed, by node. Raises NodeError."""
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        return dict(zip(nodes, pool.map(lambda node: on_node(node, script), nodes), strict=True))


def read_file(node: str, path: str) -> str:
    """A file of a node."""
    return on_node(node, f"cat {path}")


def write_file(node: str, path: str, text: str) -> None:
    """Replace the contents of a file of a node; owner and mode stay."""
    on_node(node, f"cat > {path}", text.encode())
