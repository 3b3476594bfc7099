"""Names below ``pod`` that hold an address: what they lead to, by the mode of the Corefile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from clusterdns.matrix import expect
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.names import address_type
from clusterdns.objects.wanted import FAMILIES, Wanted

Mode = Literal["disabled", "insecure", "verified"]
NOT_ADDRESSES = ("1-2-3", "1-2-3-4-5", "256-1-1-1", "a-b-c-d", "no-address")


@dataclass(frozen=True)
class PodRecords:
    """What the ``kubernetes`` plugin of CoreDNS does (plugin/kubernetes/kubernetes.go, 1.12.1).

    ``running`` and ``nobody`` are addresses: of pods in the namespace, and of no pod at all.
    """

    mode: str
    namespace: str
    zone: str  # with its final dot
    running: tuple[str, ...]
    nobody: tuple[str, ...]

    @property
    def of_running_pods(self) -> Wanted:
        """Each has its address, unless pods are disabled."""
        return self._wanted(self.running, self.mode in ("insecure", "verified"))

    @property
    def of_no_pod(self) -> Wanted:
        """Each is echoed in mode insecure, and denied in the others."""
        return self._wanted(self.nobody, self.mode == "insecure")

    @property
    def of_nothing(self) -> Wanted:
        """No mode has these."""
        names = [self._name(label, self.namespace) for label in NOT_ADDRESSES]
        names += [self._name(dashed(a), "no-such-namespace") for a in (*self.running, *self.nobody)]
        denied = expect.nxdomain(self.zone)
        return {Question(name, rdtype): denied for name in names for rdtype in FAMILIES}

    def _wanted(self, addresses: Iterable[str], known: bool) -> Wanted:
        found: dict[Question, Expected] = {}
        for address in addresses:
            name = self._name(dashed(address), self.namespace)
            right: Mapping[str, Expected] = {
                address_type(address): expect.addresses(name, [address])
            }
            for rdtype in FAMILIES:
                other = expect.nodata(self.zone) if known else expect.nxdomain(self.zone)
                found[Question(name, rdtype)] = right.get(rdtype, other) if known else other
        return found

    def _name(self, label: str, namespace: str) -> str:
        return f"{label}.{namespace}.pod.{self.zone}"


def dashed(address: str) -> str:
    """An address as a label: dots and colons become dashes."""
    return address.replace(".", "-").replace(":", "-")
