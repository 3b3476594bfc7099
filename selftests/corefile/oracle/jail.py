"""A CoreDNS in a folder and a network of its own: it starts with a Corefile, or it ends.

Its only network is loopback, on which any address may be listened on: nothing that it sends leaves
this process, and it meets no port that is taken. What Corefiles name is in place: service account,
resolv.conf, hosts file, zone file, certificate.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from selftests.corefile.coredns import FILES, read_until
from selftests.corefile.oracle.collection import CUSTOM, Sample
from selftests.corefile.oracle.verdicts import STARTS, last_line

# It listens: the last line before it serves. A kubernetes plugin waits 5 s for its API first.
LISTENS = re.compile(r"^CoreDNS-\d")
DEADLINE = 90.0  # seconds; ten thousand imports take their time on a busy machine
ENDLESS = "(neither started nor ended within 90 s)"
ENVIRONMENT = {
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "1",
    "UPSTREAM": "192.0.2.1",
    "LIMIT": "10",
    "EXTRA_ZONE": "extra.example",
    "HOSTNAME": "coredns-0",
    "AWS_REGION": "lab-1",
}
ZONE = """\
$ORIGIN lab.example.
@ 3600 IN SOA ns.lab.example. admin.lab.example. 1 7200 3600 1209600 3600
@ 3600 IN NS ns.lab.example.
ns 3600 IN A 192.0.2.53
"""
# Names of Corefiles that are upstreams, so that no verdict hangs on a network that is not there.
HOSTS = """\
127.0.0.1 localhost
192.0.2.60 dns.example dns.lab.example dns.lab.svc.cluster.local
192.0.2.61 consul-dns.consul.svc.cluster.local
"""
MORE = {
    "etc/hosts": HOSTS,
    "etc/coredns/zones/db.lab.example": ZONE,
    "etc/coredns/weights": "web.lab.example\n192.0.2.1 3\n192.0.2.2 1\n",
    "etc/coredns/keys": 'key "lab." {\n  algorithm hmac-sha256;\n  secret "NDIK";\n};\n',
}
# Loopback up, every address free to be listened on, then CoreDNS alone in its folder.
LAUNCH = """\
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
for path in ("/proc/sys/net/ipv4/ip_nonlocal_bind", "/proc/sys/net/ipv6/ip_nonlocal_bind"):
    if os.path.exists(path):
        with open(path, "w") as file:
            file.write("1")
os.chroot(sys.argv[1])
os.chdir("/")
os.execv("/coredns", ["coredns", "-conf", "/etc/coredns/Corefile"])
"""


@dataclass(frozen=True)
class Jail:
    """The folder that one program at a time is locked into."""

    root: Path

    @classmethod
    def of(cls, program: Path, root: Path, certificate: Path) -> "Jail":
        """Lay out a folder for a program."""
        for name, text in {**FILES, **MORE}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "tmp").mkdir()
        shutil.copytree(certificate, root / "etc/coredns/tls")
        try:
            os.link(program, root / "coredns")
        except OSError:
            shutil.copy(program, root / "coredns")
        return cls(root)

    def verdict(self, sample: Sample) -> str:
        """``starts``, or what CoreDNS said before it ended."""
        self._lay_out(sample.text, sample.files)
        command = ["unshare", "--map-root-user", "--net"]
        process = subprocess.Popen(
            [*command, sys.executable, "-I", "-S", "-c", LAUNCH, str(self.root)],
            env={"PATH": os.environ["PATH"], **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        listens, output = read_until(process, DEADLINE, LISTENS)
        if listens:
            return STARTS
        return last_line(output) if process.returncode >= 0 else ENDLESS

    def _lay_out(self, text: str, files: Mapping[str, str]) -> None:
        custom = self.root / CUSTOM.lstrip("/")
        shutil.rmtree(custom, ignore_errors=True)
        custom.mkdir()
        (self.root / "etc/coredns/Corefile").write_text(text)
        for name, content in files.items():
            path = self.root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate as cert.pem and key.pem, by openssl; the folder."""
    folder.mkdir()
    subject = ["-subj", "/CN=lab.example", "-days", "3650", "-nodes"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, *files],
        check=True,
        capture_output=True,
    )
    return folder
