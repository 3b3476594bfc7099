"""Options of what the Corefile has already: kubernetes, cache, forward, the block's key."""

from random import Random

from trials.faults.drawn.corefile_fault import corefile_fault, slug_of
from trials.faults.drawn.corefile_text import (
    KUBEADM,
    NAMES,
    doubled,
    named,
    own_block,
    replaced,
    with_arguments,
    with_key,
    with_option,
    without,
)
from trials.faults.drawn.grammar import Drawn, either, family
from trials.faults.drawn.truth import Hop

REVERSE = "in-addr.arpa ip6.arpa"


@family("kubernetes")
def kubernetes(dice: Random) -> Drawn:
    """Which objects get names, and which names."""
    option, instead, refused = dice.choice(
        (
            ("pods disabled", "pods", False),
            ("pods verified", "pods", False),
            ("pods sometimes", "pods", True),
            ("ttl 0", "ttl", False),
            ("ttl 3600", "ttl", False),
            ("ttl 3601", "ttl", True),
            ("ignore empty_service", "", False),
            ("namespaces default", "", False),
            ("namespaces kube-system", "", False),
            ("namespace_labels team=none", "", False),
            ("labels team=none", "", False),
            ("noendpoints", "", False),
            ("endpoint_pod_names", "", False),
            ("", "fallthrough", False),
            ("fallthrough", "fallthrough", False),
            ("endpoint https://192.0.2.1:6443", "", False),
        )
    )
    gone = f"without-{instead}"
    return corefile_fault(
        slug_of(option)
        if option and option != instead
        else gone
        if not option
        else "fallthrough-all",
        f"The plugin kubernetes has {f'`{option}`' if option else f'no {instead}'}.",
        with_option("kubernetes", option, instead),
        [option.split()[0]] if option else [instead],
        refused,
        hops=("corefile", "api") if option.startswith("endpoint ") else ("corefile",),
    )


@family("kubernetes-zones")
def kubernetes_zones(dice: Random) -> Drawn:
    """Other zones than the kubelets and reverse lookups use."""
    zones = dice.choice(
        (
            f"other.local {REVERSE}",
            "cluster.local",
            f"svc.cluster.local {REVERSE}",
            f"local {REVERSE}",
            f"cluster.local example.org {REVERSE}",
            "cluster.local 96.10.in-addr.arpa ip6.arpa",
        )
    )
    return corefile_fault(
        slug_of(zones)[:32].rstrip("-"),
        f"The plugin kubernetes serves {zones}.",
        with_arguments("kubernetes", zones),
        [f"kubernetes {zones}"],
    )


@family("cache")
def cache(dice: Random) -> Drawn:
    """How long answers, denials and failures are kept."""
    lines, refused = dice.choice(
        (
            (["cache 900"], False),
            (["cache 30"], False),
            (["cache {", "    success 9984 3600", "    denial 9984 900", "}"], False),
            (["cache 30 {", "    serve_stale 1h", "}"], False),
            (["cache 30 {", "    prefetch 1 1m 10%", "}"], False),
            (["cache 30 {", "    servfail 5m", "}"], False),
            (["cache 30 {", "    servfail 10m", "}"], True),
            (["cache 30 {", "    keepttl", "}"], False),
            (["cache 1 {", "    success 1", "}"], False),
            (["cache 30 cluster.local"], False),
            (["cache never"], False),  # a zone of that name
        )
    )
    words = " ".join(line.strip(" {}") for line in lines if line != "}")
    return corefile_fault(
        slug_of(words.removeprefix("cache ")),
        f"The plugin cache says `{words}`.",
        replaced("cache", lines),
        ["cache"],
        refused,
    )


@family("forward")
def forward(dice: Random) -> Drawn:
    """To whom questions go, and how."""
    both: tuple[Hop, ...] = ("corefile", "upstream")
    to, option, refused, hops = dice.choice(
        (
            (". 192.0.2.1", "", False, both),
            (". 192.0.2.1 /etc/resolv.conf", "", False, both),
            (". 127.0.0.1", "", False, both),
            (". /etc/none.conf", "", True, both),
            (". tls://192.0.2.1", "", False, both),
            ("example.org /etc/resolv.conf", "", False, both),
            (". 192.0.2.1:5353", "", False, both),
            ("", "max_concurrent 1", False, both),
            ("", "force_tcp", False, both),
            ("", "prefer_udp", False, both),
            ("", "except example.org", False, both),
            ("", "policy sequential", False, both),
            ("", "policy best", True, both),
            ("", "max_fails 0", False, both),
            ("", "health_check 500ms", False, both),
            ("", "expire 1s", False, both),
            ("", "failfast_all_unhealthy_upstreams", False, both),
        )
    )
    edit = (
        with_arguments("forward", to)
        if to
        else with_option("forward", option, "max_concurrent" if "concurrent" in option else "")
    )
    return corefile_fault(
        slug_of(to or option),
        f"The plugin forward has `{to or option}`.",
        edit,
        ["forward ."] if to else [option.split()[0]],
        refused,
        hops,
    )


@family("dropped")
def dropped(dice: Random) -> Drawn:
    """A statement is missing."""
    name = dice.choice(NAMES)
    return corefile_fault(name, f"The Corefile has no {name} any more.", without(name), [name])


@family("doubled")
def doubled_statement(dice: Random) -> Drawn:
    """A statement stands twice."""
    name = dice.choice(NAMES)
    return corefile_fault(
        name,
        f"The Corefile has {name} twice.",
        doubled(name),
        [name],
        refused=name in REFUSED_TWICE,
    )


# Tried with CoreDNS 1.12.1; a self-test asks the binary again.
REFUSED_TWICE = ("errors", "ready", "kubernetes", "prometheus", "cache", "loop")


@family("moved")
def moved(dice: Random) -> Drawn:
    """A statement stands in another block, where it serves other names."""
    name = dice.choice(("kubernetes", "forward", "cache", "ready", "health", "prometheus"))
    zone = dice.choice(("cluster.local", "example.org", "in-addr.arpa"))

    def edit(text: str) -> str:
        lines = [line.removeprefix("    ") for line in named(text, name).lines]
        return own_block(f"{zone}:53", lines)(without(name)(text))

    return corefile_fault(
        f"{name}-to-{slug_of(zone)}",
        f"The statement {name} was moved into a block for {zone}.",
        edit,
        [name],
    )


@family("line-lost")
def line_lost(dice: Random) -> Drawn:
    """Any one line is missing, braces included: most often CoreDNS does not start."""
    lines = KUBEADM.splitlines()
    at = dice.randrange(1, len(lines))
    lost = lines[at]

    def edit(text: str) -> str:
        rows = text.splitlines()
        if rows[at] != lost:
            raise ValueError(f"line {at + 1} is not {lost!r}:\n{text}")
        return "\n".join([*rows[:at], *rows[at + 1 :]]) + "\n"

    words = lost.strip(" {}")
    return corefile_fault(
        f"{at + 1}-{slug_of(words) if words else 'brace'}"[:32].rstrip("-"),
        f"Line {at + 1} of the Corefile, `{lost.strip()}`, is missing.",
        edit,
        [words or "brace", words.split()[0] if words else "}", f"line {at + 1}"],
        refused=lost.strip() == "}" or lost.rstrip().endswith("{"),
    )


def block_key(dice: Random) -> Drawn:
    """The block serves other zones or ports."""
    key = dice.choice(
        ("cluster.local:53", ".:5353", "dns://.:53", "tls://.:853", ".:53 .:5353", "example.org:53")
    )
    return corefile_fault(slug_of(key), f"The block's key is `{key}`.", with_key(key))


def block_doubled(dice: Random) -> Drawn:
    """The whole block once more: for the same zone it is refused, for another it takes names."""
    key = dice.choice((".:53", ".:5353", "cluster.local:53", "example.org:53"))

    def edit(text: str) -> str:
        return text + with_key(key)(text)

    return corefile_fault(
        slug_of(key),
        f"The block is there a second time, for `{key}`.",
        edit,
        [key],
        refused=key == ".:53",
    )


@family("block")
def block(dice: Random) -> Drawn:
    """The block has another key, or is there twice."""
    return either(dice, block_key, block_doubled)
