"""The tools that a run of our own needs: named by ./run, or found on PATH."""

import argparse
import os
import shutil
from pathlib import Path

from host.bootstrap.steps import HostError
from trials.cluster import Tools


def add_tool_options(parser: argparse.ArgumentParser) -> None:
    """The options by which ./run names the tools, spelled as pytest-kind's."""
    add = parser.add_argument
    add("--kind-bin", default=os.environ.get("CLUSTERDNS_KIND_BIN"), metavar="FILE")
    add("--kind-kubectl-bin", default=os.environ.get("CLUSTERDNS_KUBECTL_BIN"), metavar="FILE")
    add("--kind-image", default=os.environ.get("CLUSTERDNS_KIND_IMAGE"), metavar="REF")


def find_tools(options: argparse.Namespace) -> Tools:
    """What ./run names, or what is on PATH. Raises HostError when something is missing."""
    kind = options.kind_bin or shutil.which("kind")
    kubectl = options.kind_kubectl_bin or shutil.which("kubectl")
    dnsutils = os.environ.get("CLUSTERDNS_DNSUTILS_IMAGE")
    musl = os.environ.get("CLUSTERDNS_MUSL_IMAGE")
    named = {"kind": kind, "kubectl": kubectl, "--kind-image": options.kind_image}
    named["CLUSTERDNS_DNSUTILS_IMAGE"] = dnsutils
    missing = [name for name, value in named.items() if not value]
    if missing:
        raise HostError(f"Missing: {', '.join(missing)}. `./run mutants` brings them all.")
    return Tools(Path(str(kind)), Path(str(kubectl)), options.kind_image, str(dnsutils), musl)
