"""resolv.conf as a value: what the kubelet wrote and the resolver reads (resolv.conf(5))."""

from dataclasses import dataclass

RESOLV_CONF = "/etc/resolv.conf"  # in a pod and on a node


@dataclass(frozen=True)
class ResolvConf:
    """Nameservers and search list in order; options as a set, because their order says nothing."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "ResolvConf":
        """Read a resolv.conf; of several search or domain lines the last one counts."""
        nameservers: list[str] = []
        search: tuple[str, ...] = ()
        options: set[str] = set()
        for line in text.splitlines():
            match line.split():
                case ["nameserver", address, *_]:
                    nameservers.append(address)
                case ["search" | "domain", *suffixes]:
                    search = tuple(s.rstrip(".") or "." for s in suffixes)
                case ["options", *words]:
                    options |= set(words)
        return cls(tuple(nameservers), search, frozenset(options))

    @property
    def ndots(self) -> int:
        """How many dots a name needs to be tried as it is first; 1 when not said."""
        values = [o.partition(":")[2] for o in self.options if o.startswith("ndots:")]
        return int(values[0]) if values and values[0].isdigit() else 1

    @property
    def cluster_domain(self) -> str:
        """The cluster domain: what follows "svc." in the search list; empty when nothing does."""
        tails = [s.removeprefix("svc.") for s in self.search if s.startswith("svc.")]
        return tails[0] if tails else ""

    def host_search(self, namespace: str, domain: str) -> tuple[str, ...]:
        """The suffixes that come from the node: all but the three of the cluster."""
        own = {f"{namespace}.svc.{domain}", f"svc.{domain}", domain}
        return tuple(suffix for suffix in self.search if suffix not in own)

    def __str__(self) -> str:
        return (
            f"nameserver {' '.join(self.nameservers)}; search {' '.join(self.search)}; "
            f"options {' '.join(sorted(self.options))}"
        )
