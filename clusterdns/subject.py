"""What an implementation is known not to do: one file in ``spec/subjects/`` for each.

What is merely not configured here is found in ``clusterdns.inventory.features``.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "spec" / "subjects"

# Everything that a subject may lack; a check that needs one of these says so with a marker.
FEATURES: Mapping[str, str] = {
    "dns-objects": "a Service, a workload and a Corefile in the API of the cluster",
    "dns-version": "the TXT record that names the version of the schema (2.2)",
    "pod-records": "names that hold a pod's address (1.0.1, 2.6)",
    "health": "a page that says whether the server is alive",
    "ready": "a page that says whether the server knows the cluster",
    "metrics": "metrics in the text format of Prometheus",
    "reload": "a changed configuration that takes effect by itself",
    "plain-search": "a denial for each step of a search but the last (no autopath)",
    "pods-verified": "records of pods that are compared with the pods that there are",
    "multicluster": "names of Services that other clusters export",
}


@dataclass(frozen=True)
class Subject:
    """An implementation, and the features that it lacks, each with its reason."""

    name: str
    lacks: Mapping[str, str]

    def why_not(self, feature: str) -> str:
        """Why a feature is absent; empty when it is not."""
        reason = self.lacks.get(feature, "")
        return f"{self.name} lacks {feature}: {reason}" if reason else ""


def read_subject(name: str, folder: Path = FOLDER) -> Subject:
    """The file of a subject. Raises ValueError with a sentence for the user."""
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise ValueError(f"no subject is called {name!r}; there are: {', '.join(known) or 'none'}")
    content = tomllib.loads((folder / f"{name}.toml").read_text())
    subject = Subject(str(content.get("name", name)), dict(content.get("lacks", {})))
    if strange := sorted(subject.lacks.keys() - FEATURES.keys()):
        raise ValueError(
            f"spec/subjects/{name}.toml lacks what no check needs: {', '.join(strange)}"
        )
    return subject
