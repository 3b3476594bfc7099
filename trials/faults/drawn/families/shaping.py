"""Plugins that shape answers, and those that only serve the operators."""

from random import Random

from trials.faults.drawn.corefile_fault import any_place, corefile_fault, slug_of
from trials.faults.drawn.corefile_text import put_after, replaced, with_arguments
from trials.faults.drawn.grammar import Drawn, either, family


@family("header")
def header(dice: Random) -> Drawn:
    """Bits of the header that are set or cleared."""
    slug, where, put = any_place(dice)
    action = dice.choice(("set", "clear"))
    flags = dice.choice(("aa", "ra", "rd", "aa ra"))
    kind = dice.choice(("response", "response", "query")) if flags == "rd" else "response"
    return corefile_fault(
        f"{kind}-{action}-{slug_of(flags)}-{slug}",
        f"The plugin header says `{kind} {action} {flags}`, {where}.",
        put(["header {", f"    {kind} {action} {flags}", "}"]),
        ["header"],
    )


def answer_size(dice: Random) -> Drawn:
    """bufsize, minimal, nsid, loadbalance: how an answer looks."""
    line = dice.choice(
        ("bufsize 512", "bufsize 1232", "bufsize 4096", "minimal", "nsid", "nsid some-server")
    )
    slug, where, put = any_place(dice)
    return corefile_fault(
        f"{slug_of(line)}-{slug}",
        f"The plugin {line.split()[0]} stands {where} (`{line}`).",
        put([line]),
        [line.split()[0]],
    )


def loadbalance(dice: Random) -> Drawn:
    """Another order of addresses, or one that needs a file that is not there."""
    arguments, refused = dice.choice(
        (("round_robin", False), ("weighted /etc/none", False), ("most_random", True))
    )
    return corefile_fault(
        slug_of(arguments),
        f"The plugin loadbalance says `{arguments}`.",
        with_arguments("loadbalance", arguments),
        ["loadbalance"],
        refused,
    )


@family("autopath")
def autopath(dice: Random) -> Drawn:
    """The search path followed by the server."""
    slug, where, put = any_place(dice)
    argument = dice.choice(("@kubernetes", "cluster.local @kubernetes", "/etc/resolv.conf"))
    return corefile_fault(
        f"{slug_of(argument)}-{slug}",
        f"The plugin autopath has `{argument}`, {where}.",
        put([f"autopath {argument}"]),
        ["autopath"],
    )


def patience(dice: Random) -> Drawn:
    """cancel, timeouts, multisocket: how long and by how many questions are served."""
    lines = dice.choice(
        (
            *(["cancel 1ms"], ["cancel 100ms"], ["cancel 5s"], ["multisocket 2"]),
            ["timeouts {", "    read 1s", "    write 1s", "}"],
        )
    )
    slug, where, put = any_place(dice)
    return corefile_fault(
        f"{slug_of(' '.join(lines))}-{slug}",
        f"The plugin {lines[0].split()[0]} stands {where}.",
        put(lines),
        [lines[0].split()[0]],
    )


def watching(dice: Random) -> Drawn:
    """log, debug, pprof, metadata: nobody's answers should change by them."""
    line = dice.choice(("log", "log . combined", "debug", "pprof 127.0.0.1:6053", "metadata"))
    slug, where, put = any_place(dice)
    name = line.split()[0]
    return corefile_fault(
        f"{slug_of(line)}-{slug}", f"The plugin {name} stands {where}.", put([line]), [name]
    )


def ready(dice: Random) -> Drawn:
    """Readiness on another port, or only for what nobody asks."""
    argument = dice.choice((":8182", "127.0.0.1:8181", ":8080", ":8181"))
    if argument == ":8181":
        return corefile_fault(
            "8181-again",
            "The plugin ready names the port that it has anyway.",
            with_arguments("ready", argument),
            ["ready"],
        )
    return corefile_fault(
        slug_of(argument),
        f"The plugin ready listens on {argument}, the probe asks 8181.",
        with_arguments("ready", argument),
        ["ready"],
    )


def health(dice: Random) -> Drawn:
    """Health on another port, or a long farewell."""
    lines = dice.choice(
        (
            *(["health :8088"], ["health 127.0.0.1:8080"], ["health"]),
            *(["health {", "    lameduck 20s", "}"], ["health {", "    lameduck soon", "}"]),
        )
    )
    return corefile_fault(
        slug_of(" ".join(lines)),
        f"The plugin health says `{' '.join(line.strip() for line in lines)}`.",
        replaced("health", lines),
        ["health"],
        refused="soon" in " ".join(lines),
    )


@family("reload")
def reload(dice: Random) -> Drawn:
    """Another time between two looks at the Corefile, sometimes one that is refused."""
    arguments, refused = dice.choice(
        (("10s", False), ("1h", False), ("2s 1s", False), ("1s", True), ("off", True))
    )
    return corefile_fault(
        slug_of(arguments),
        f"The plugin reload says `{arguments}`.",
        with_arguments("reload", arguments),
        ["reload"],
        refused,
    )


def prometheus(dice: Random) -> Drawn:
    """Metrics elsewhere than the Service promises."""
    argument = dice.choice((":9154", "127.0.0.1:9153", "localhost:9153", ":9253"))
    return corefile_fault(
        slug_of(argument),
        f"The plugin prometheus listens on {argument}.",
        with_arguments("prometheus", argument),
        ["prometheus"],
    )


@family("unknown-word")
def unknown_word(dice: Random) -> Drawn:
    """A word that no plugin has: CoreDNS does not start."""
    word = dice.choice(("proxy", "kubernets", "federation", "upstream", "Cache", "log;"))
    place = dice.choice(("", "ready", "cache"))
    return corefile_fault(
        f"{slug_of(word)}-{f'after-{place}' if place else 'at-top'}",
        f"The Corefile has a directive `{word}`, which no plugin has.",
        put_after(place, [f"{word} ."]),
        [word],
        refused=True,
    )


@family("form")
def form(dice: Random) -> Drawn:
    """The size of answers, and the order of what is in them."""
    return either(dice, answer_size, answer_size, loadbalance)


@family("serving")
def serving(dice: Random) -> Drawn:
    """How long is waited, and what is told to operators."""
    return either(dice, patience, watching)


@family("operations")
def operations(dice: Random) -> Drawn:
    """The pages that kubelets and collectors read."""
    return either(dice, ready, health, prometheus)
