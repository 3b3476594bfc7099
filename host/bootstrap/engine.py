"""A container engine: the one that answers, else Debian's, installed and started as root."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from host.bootstrap.cache import PROJECT, cache, folder, lock
from host.bootstrap.debian import install, is_debian
from host.bootstrap.steps import HostError, quick, say, step, tail

CAP_SYS_RESOURCE = 24
DAEMON_CONFIGURATION = Path("/etc/docker/daemon.json")
SHIM_NAME = "cluster-dns-runc-shim"
PACKAGES = ("docker.io", "iptables")
START_SECONDS = 60.0
INOTIFY = {"max_user_instances": 8192, "max_user_watches": 1048576}


def needs_shim(status: str) -> bool:
    """Whether runc cannot start privileged containers here: no CAP_SYS_RESOURCE to give.

    `status` is the text of /proc/self/status (proc(5), field CapBnd).
    """
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1
    return False


def with_shim(configuration: dict[str, object], shim: Path) -> dict[str, object]:
    """A daemon.json that starts containers by way of the shim; everything else stays."""
    runtimes = configuration.get("runtimes")
    known = dict(runtimes) if isinstance(runtimes, dict) else {}
    return {
        **configuration,
        "runtimes": {**known, SHIM_NAME: {"path": str(shim)}},
        "default-runtime": SHIM_NAME,
    }


def ensure_engine() -> str:
    """Make sure that `docker info` answers and privileged containers start; return its version.

    Raises:
        HostError: no engine, and this user may not install or start one; or it does not start.

    """
    with step("container engine") as current:
        shim = needs_shim(Path("/proc/self/status").read_text())
        version, problem = _ask()
        if version is None:
            if os.geteuid() != 0 or not is_debian():
                raise HostError(_advice(problem))
            with lock("engine"):
                version = _ask()[0] or _install_and_start(shim)
        elif shim and not _default_runtime_is_a_shim():
            with lock("engine"):
                _reload_with_shim()
        current.text = f"container engine: Docker {version}"
    ensure_inotify()
    return version


def ensure_inotify(base: Path = Path("/proc/sys/fs/inotify")) -> None:
    """Raise the inotify limits, or tell a user who may not raise them how to.

    With too few watches kube-proxy dies of "too many open files", and the node is never ready.
    """
    low = {name: want for name, want in INOTIFY.items() if _number(base / name) < want}
    if not low:
        return
    settings = " ".join(f"fs.inotify.{name}={want}" for name, want in low.items())
    if os.geteuid() != 0:
        say(
            "this host allows few inotify watches: should nodes not become ready, the reason may "
            f"be kube-proxy's `too many open files`. As root run: sysctl -w {settings}"
        )
        return
    with step(f"inotify limits raised: {settings}"):
        for name, want in low.items():
            (base / name).write_text(f"{want}\n")


def _number(path: Path) -> int:
    return int(path.read_text()) if path.exists() else 1 << 62


def _ask() -> tuple[str | None, str]:
    """The version of the engine that answers, or None and why not."""
    answer = quick("docker", "info", "--format", "{{.ServerVersion}}")
    if answer.returncode == 0 and answer.stdout.strip():
        return answer.stdout.strip(), ""
    return None, (answer.stderr.strip() or "no answer").splitlines()[-1]


def _advice(problem: str) -> str:
    user = os.environ.get("USER", "USER")
    lines = [
        f"No container engine answers ({problem}), and one is needed to make a kind cluster. ",
        "As root on Debian or Ubuntu run:\n",
        f"    apt-get update && apt-get install -y {' '.join(PACKAGES)}\n",
        "    systemctl start docker || (dockerd > /var/log/dockerd.log 2>&1 &)\n",
        f"    usermod -aG docker {user}    # then log in again\n",
        "and run this command again, or run it as root and it does so itself. ",
        "Without an engine a cluster that exists can be judged: ",
        "./run conformance --kube-context NAME",
    ]
    return "".join(lines)


def _install_and_start(shim: bool) -> str:
    if shim:
        _configure_shim()
    if not shutil.which("dockerd"):
        install(PACKAGES, "a container engine")
    version, problem = _ask()  # the package may have started it
    if version is not None:
        return version
    log = folder("logs") / "dockerd.log"
    say(f"starting dockerd (it stays; its log is {log})")
    if Path("/run/systemd/system").is_dir():
        quick("systemctl", "start", "docker", timeout=START_SECONDS)
    else:
        with log.open("ab") as output:
            subprocess.Popen(
                ["dockerd"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        version, problem = _ask()
        if version is not None:
            return version
        time.sleep(0.2)
    end = tail(log) if log.exists() else ""
    raise HostError(
        f"dockerd does not answer {START_SECONDS:.0f} s after its start: {problem}\n{end}"
    )


def _configure_shim() -> None:
    """Install the shim and name it in daemon.json, keeping what is there."""
    if not shutil.which("jq"):
        install(("jq",), "the runtime shim")
    shim = cache("bin", "runc-shim")
    shim.parent.mkdir(parents=True, exist_ok=True)
    fresh = shim.with_suffix(".new")
    shutil.copyfile(PROJECT / "host" / "kind" / "node" / "runc-shim", fresh)
    fresh.chmod(0o755)
    fresh.replace(shim)
    text = DAEMON_CONFIGURATION.read_text() if DAEMON_CONFIGURATION.exists() else "{}"
    say(f"this host lacks CAP_SYS_RESOURCE: {DAEMON_CONFIGURATION} gets the runtime {shim}")
    DAEMON_CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    DAEMON_CONFIGURATION.write_text(json.dumps(with_shim(json.loads(text), shim), indent=2) + "\n")


def _default_runtime_is_a_shim() -> bool:
    """Whether the engine's default runtime is already another one than plain runc."""
    answer = quick("docker", "info", "--format", "{{.DefaultRuntime}}")
    return answer.stdout.strip() not in ("", "runc")


def _reload_with_shim() -> None:
    """Give a running engine the shim without a restart: runtimes are read again on SIGHUP."""
    pid = Path("/var/run/docker.pid")
    if os.geteuid() != 0 or not pid.exists():
        raise HostError(
            "This host lacks CAP_SYS_RESOURCE, so the engine's runc cannot start kind's "
            "privileged containers. As root name host/kind/node/runc-shim as a runtime and as "
            f"`default-runtime` in {DAEMON_CONFIGURATION}, then `kill -HUP` dockerd."
        )
    _configure_shim()
    quick("kill", "-HUP", pid.read_text().strip())
    deadline = time.monotonic() + 10.0
    while not _default_runtime_is_a_shim():
        if time.monotonic() > deadline:
            raise HostError(
                f"dockerd did not take the runtime in {DAEMON_CONFIGURATION}; see its log."
            )
        time.sleep(0.1)
