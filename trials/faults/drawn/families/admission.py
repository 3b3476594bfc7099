"""Pods that a webhook rewrites when they are made."""

from random import Random

from trials.faults.drawn.grammar import Drawn, family
from trials.faults.drawn.truth import Truth
from trials.faults.scene import Scene
from trials.faults.webhook import NAME, rewrite_pods

NOBODY = "192.0.2.53"


@family("webhook")
def webhook(dice: Random) -> Drawn:
    """It changes whom pods ask, or what they find before they ask."""
    kind, path, value = dice.choice(
        (
            ("nameserver-more", "dnsConfig", {"nameservers": [NOBODY]}),
            ("searches-more", "dnsConfig", {"searches": ["corp.test"]}),
            ("ndots", "dnsConfig", {"options": [{"name": "ndots", "value": "1"}]}),
            ("policy-default", "dnsPolicy", "Default"),
            (
                "host-alias",
                "hostAliases",
                [{"ip": "192.0.2.9", "hostnames": ["kubernetes.default"]}],
            ),
        )
    )

    def inject(scene: Scene) -> tuple[str, ...]:
        patch = {"op": "add", "path": f"/spec/{path}", "value": value}
        rewrite_pods(scene, [patch])
        return (NAME,)

    return Drawn(
        kind,
        f"A webhook gives pods that are made {path} {value}.",
        "A",
        Truth(("client",), (NAME, path)),
        inject,
    )
