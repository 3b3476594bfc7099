"""What stands for names and addresses that differ from run to run: their roles.

A run's own namespaces, the cluster IPs that its Services were given, the addresses of pods: two
runs have others, which mean the same. What has no role stays as it is.
"""

import ipaddress
import re
from collections.abc import Iterable

from clusterdns.names import reverse_name

ZONE = "<zone>"  # the cluster domain, with its final dot
FRESH = " (in forms that no cache keeps)"  # the end of a question that is asked for its TTL
RUN = "<run>"  # what the names of our namespaces begin with


class Roles:
    """Puts roles in place of what differs; called with owners, data and questions as text."""

    def __init__(self, zone: str = "", run: str = "") -> None:
        """``zone``: the cluster domain with its final dot; ``run``: the name of the run."""
        self._zone, self._run = zone.lower(), run
        self._roles: dict[str, str] = {}
        self._known: dict[str, str] = {}  # words that were seen before

    def add_addresses(self, addresses: Iterable[str], role: str) -> None:
        """Let a role stand for addresses, as records, reverse names and labels write them."""
        for address in addresses:
            ip = ipaddress.ip_address(address)
            named = f"<{role} IPv{ip.version}>"
            self._roles.setdefault(str(ip), named)
            dashes = str(ip).replace(".", "-").replace(":", "-")
            self._roles.setdefault(dashes, f"<dashed {role} IPv{ip.version}>")
            self._roles.setdefault(reverse_name(str(ip)), f"<reverse of {role} IPv{ip.version}>")
        self._known.clear()

    def add_name(self, name: str, role: str) -> None:
        """Let a role stand for a whole label, such as the name of a pod."""
        self._roles.setdefault(name.lower(), f"<{role}>")
        self._known.clear()

    def __call__(self, text: str) -> str:
        """The text with roles in it."""
        return " ".join([self._word(word) for word in text.split(" ")])

    def _word(self, word: str) -> str:
        if (known := self._known.get(word)) is None:
            known = self._known[word] = self._replaced(word)
        return known

    def _replaced(self, word: str) -> str:
        whole = self._roles.get(word.lower())
        if whole:
            return whole
        end = ""
        if self._zone and (word.lower() == self._zone or word.lower().endswith(f".{self._zone}")):
            cut = len(word) - len(self._zone)
            # The case of the letters is kept where a question has it otherwise.
            word, end = word[:cut], ZONE if word[cut:] == self._zone else f"<{word[cut:]}>"
            if end != ZONE:
                end = "<ZONE>" if end[1:-1].isupper() else "<Zone>"
        labels = [self._roles.get(label.lower(), label) for label in word.split(".")]
        text = ".".join(labels)
        if self._run:
            text = re.sub(re.escape(self._run), lambda m: RUN, text)
            if self._run in text.lower():
                text = re.sub(re.escape(self._run), "<Run>", text, flags=re.IGNORECASE)
        return text + end


def shown(text: str, zone: str) -> str:
    """The text for people: with the cluster domain instead of its role."""
    return text.replace(ZONE, zone)
