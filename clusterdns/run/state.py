"""The state file of a run: what it made, kept on this machine so that nothing is forgotten.

One JSON file per run, ``<cache>/runs/<run>.json``, replaced atomically at each change and locked
(flock) by the process that writes it for as long as it lives. A file whose lock can be taken
belongs to a run that is dead. It holds names, the secret that proves whose they are, and, before
a disruptive change, whole originals; never credentials.
"""

import fcntl
import json
import os
import pwd
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from clusterdns.run.identity import RunId

Manifest = dict[str, Any]
OWN_FOLDER = "cluster-dns-conformance"


@dataclass(frozen=True)
class Restore:
    """An object that is not ours and that the run changes: written down before the change."""

    kind: str
    namespace: str | None
    name: str
    original: Manifest
    intended: Manifest | None = None

    @property
    def what(self) -> str:
        """The object in words."""
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True)
class RunState:
    """What a run has made or is about to make."""

    run: str
    pid: int = field(default_factory=os.getpid)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    kubeconfig: str | None = None
    context: str | None = None
    server: str | None = None
    cluster_uid: str | None = None  # of kube-system: tells this cluster from any other
    namespaces: tuple[str, ...] = ()
    shared_namespace: str | None = None  # it existed before: only our objects go
    cluster_scoped: tuple[tuple[str, str], ...] = ()  # kind and name
    secret: str = ""  # what its objects prove themselves by; see clusterdns.run.identity
    uids: tuple[tuple[str, str, str], ...] = ()  # kind, name, uid of what it made outside
    kind_cluster: str | None = None
    kind_nodes: tuple[str, ...] = ()  # ids of its node containers; empty while it is being made
    kind_kubeconfig: str | None = None
    docker_network: str | None = None
    seal: str | None = None  # the comment that marks the seal's packet filter rules
    restores: tuple[Restore, ...] = ()
    kept: bool = False  # left behind on purpose (--keep)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a state file. Raises ValueError for what is none."""
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("not a JSON object")
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["run"] = str(RunId(str(values.get("run"))))
        values["namespaces"] = tuple(values.get("namespaces") or ())
        values["cluster_scoped"] = tuple((k, n) for k, n in values.get("cluster_scoped") or ())
        values["uids"] = tuple((k, n, u) for k, n, u in values.get("uids") or ())
        values["kind_nodes"] = tuple(values.get("kind_nodes") or ())
        try:
            values["restores"] = tuple(Restore(**each) for each in values.get("restores") or ())
        except TypeError as error:
            raise ValueError(str(error)) from None
        return cls(**values)

    @property
    def id(self) -> RunId:
        """The run, with its secret."""
        return RunId(self.run, self.secret)

    def uid_of(self, kind: str, name: str) -> str | None:
        """The uid of an object made outside namespaces; None before the API server told it."""
        return next((uid for k, n, uid in self.uids if (k, n) == (kind, name)), None)


class StateFile:
    """A state file that this process holds locked."""

    def __init__(self, path: Path, state: RunState, descriptor: int) -> None:
        self.path = path
        self.state = state
        self._descriptor: int | None = descriptor
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, run: RunId) -> Self:
        """Write and lock the file of a new run. Raises OSError when the folder refuses."""
        make_private(folder)
        path = folder / f"{run}.json"
        state = RunState(str(run), secret=run.secret)
        return cls(path, state, _write_locked(path, state))

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """Lock the file of a dead run; None when its run is alive or the file is gone.

        Raises ValueError when the file is no state file.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # An update replaces the file: the lock counts only on the one that is there now.
            if os.fstat(descriptor).st_ino != path.stat().st_ino:
                os.close(descriptor)
                return None
            state = RunState.parse(path.read_text(encoding="utf-8"))
        except (BlockingIOError, FileNotFoundError):
            os.close(descriptor)
            return None
        except ValueError:
            os.close(descriptor)
            raise
        return cls(path, state, descriptor)

    def update(self, change: Callable[[RunState], RunState]) -> RunState:
        """Replace the file by a changed one, atomically, without ever letting go of the lock."""
        with self._lock:
            if self._descriptor is None:
                raise RuntimeError(f"{self.path} is closed")
            state = change(self.state)
            descriptor = _write_locked(self.path, state)
            os.close(self._descriptor)
            self._descriptor, self.state = descriptor, state
            return state

    def close(self) -> None:
        """Let go of the lock; the file stays, and the run counts as dead from now on."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def remove(self) -> None:
        """Delete the file: nothing of the run is left."""
        self.path.unlink(missing_ok=True)
        self.close()


class NoCacheError(OSError):
    """There is no folder that the project could keep anything in; the text says what to do."""


def cache_folder() -> Path:
    """The folder of the project's own below the user's cache folder (XDG_CACHE_HOME).

    Raises NoCacheError where neither a variable nor the account names a home.
    """
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if os.path.isabs(base):  # noqa: PTH117 - Path has it, too; "" is no path
        return Path(base) / OWN_FOLDER
    try:
        home = Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise NoCacheError(
            "There is no folder to write down what a run makes: neither XDG_CACHE_HOME nor HOME "
            f"is set, and user id {os.getuid()} has no account here. Set XDG_CACHE_HOME to a "
            "folder that is kept until the next run, such as a mounted volume."
        ) from None
    return home / ".cache" / OWN_FOLDER


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may look into, nor into ours above it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        top = cache_folder()
    except NoCacheError:
        return
    for each in (folder, *folder.parents):
        if each.is_relative_to(top) and each.stat().st_uid == os.getuid():
            each.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def runs_folder() -> Path:
    """The folder of the state files."""
    return cache_folder() / "runs"


def is_locked(folder: Path, run: str) -> bool:
    """Whether a living process of this machine holds the state file of that run."""
    try:
        held = StateFile.adopt(folder / f"{run}.json")
    except ValueError:
        return False
    if held is None:
        return (folder / f"{run}.json").exists()
    held.close()
    return False


def dead_runs(folder: Path) -> tuple[list[StateFile], list[str]]:
    """The state files of dead runs, locked by us now, and a complaint about each unreadable file.

    The caller closes or removes each of them.
    """
    found: list[StateFile] = []
    complaints: list[str] = []
    for path in sorted(folder.glob("dns-conf-*.json")):
        try:
            adopted = StateFile.adopt(path)
        except (ValueError, OSError) as error:
            complaints.append(f"{path} cannot be read as the state of a run: {error}")
            continue
        if adopted is not None:
            found.append(adopted)
    return found, complaints


def _write_locked(path: Path, state: RunState) -> int:
    """Put a new file in the place of path, locked before anyone can see it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, json.dumps(asdict(state), indent=1).encode())
        os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        if draft.exists():  # else a signal came after the file was put in place: stay locked
            os.close(descriptor)
            draft.unlink(missing_ok=True)
        raise
    return descriptor
