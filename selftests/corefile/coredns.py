"""A real CoreDNS, asked whether it accepts a Corefile; without network and without cluster.

The binary runs in a directory of its own and in an empty network namespace (``unshare``), with
everything in place that the Corefiles name: service account, resolv.conf, hosts file.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# It has read everything: it waits for the API that is not there, or it serves.
STARTED = re.compile(r"waiting for Kubernetes API|^CoreDNS-\d|^\[INFO\] plugin/reload: Running")
# It has read everything and then found no such address, interface or network to listen on.
NO_NETWORK = re.compile(r"listen (tcp|udp)|cannot assign requested address")
# The sum over its configuration, of which nothing may follow in the line.
RUNNING = re.compile(r"Running configuration (SHA512|MD5) = [0-9a-f]+$")

DEADLINE = 20.0  # seconds; a verdict takes about 0.2

SERVICE_ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount"
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
users: [{name: u, user: {token: t}}]
"""
FILES = {
    "etc/resolv.conf": "nameserver 192.0.2.53\n",
    "etc/upstream.conf": "nameserver 192.0.2.54\n",
    "etc/coredns/NodeHosts": "192.0.2.10 node\n",
    "etc/coredns/kubeconfig": KUBECONFIG,
    f"{SERVICE_ACCOUNT}/token": "t",
    f"{SERVICE_ACCOUNT}/namespace": "kube-system",
    f"{SERVICE_ACCOUNT}/ca.crt": "",
}


@dataclass(frozen=True)
class Verdict:
    """Whether CoreDNS accepted a Corefile, and what it said."""

    accepted: bool
    output: str


@dataclass(frozen=True)
class CoreDNS:
    """A binary, and the directory that it is locked into."""

    root: Path

    @classmethod
    def in_directory(cls, binary: Path, root: Path) -> "CoreDNS":
        """Copy the binary and lay out what the Corefiles name."""
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "tmp").mkdir()
        shutil.copy(binary, root / "coredns")
        (root / "coredns").chmod(0o755)
        return cls(root)

    def version(self) -> str:
        """Its version, such as ``1.12.1``."""
        done = subprocess.run(
            [self.root / "coredns", "-version"], capture_output=True, text=True, check=True
        )
        return done.stdout.partition("CoreDNS-")[2].split()[0]

    def verdict(self, text: str, name: str = "Corefile") -> Verdict:
        """Start it with this Corefile, and stop it as soon as the verdict is known."""
        found, output = self.start(text, name, STARTED, NO_NETWORK)
        return Verdict(found, output)

    def running(self, text: str, files: Mapping[str, str]) -> str:
        """The sum that it logs of its configuration, in hexadecimal digits.

        The Corefile needs ``reload``, and no ``kubernetes``: that waits for an API.
        """
        for name, content in files.items():
            path = self.root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        found, output = self.start(text, "Corefile", RUNNING)
        assert found, output
        return output.split()[-1]

    def start(self, text: str, name: str, *until: re.Pattern[str]) -> tuple[bool, str]:
        """Start it until it prints one of these; whether it did, and all that it printed."""
        (self.root / "etc/coredns" / name).write_text(text)
        command = ["unshare", "--map-root-user", "--net", f"--root={self.root}"]
        process = subprocess.Popen(
            [*command, "/coredns", "-conf", f"/etc/coredns/{name}"],
            env={
                "PATH": os.environ["PATH"],
                "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                "KUBERNETES_SERVICE_PORT": "1",
                "UPSTREAM": "192.0.2.1",
                "LIMIT": "10",
                "EXTRA_ZONE": "extra.example",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return read_until(process, DEADLINE, *until)


def read_until(
    process: subprocess.Popen[str], within: float, *until: re.Pattern[str]
) -> tuple[bool, str]:
    """Read what a process prints until a line matches, and end it; whether one did, and all of it.

    After ``within`` seconds it is killed. Without a match it has ended: its return code is its own,
    or below 0 where it was killed.
    """
    assert process.stdout is not None
    alarm = threading.Timer(within, process.kill)
    alarm.start()
    output = ""
    try:
        for line in process.stdout:
            output += line
            if any(pattern.search(line) for pattern in until):
                return True, output
        process.wait()
        return False, output
    finally:
        alarm.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
