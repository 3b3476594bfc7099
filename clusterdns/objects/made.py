"""Objects that the API server may refuse: each costs the checks that ask for it, and no others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kubernetes.client import ApiException

from clusterdns.api_errors import in_words
from clusterdns.cluster import Manifest
from clusterdns.objects.service import Service

Place = tuple[str, str]  # namespace and name


class NotMadeError(Exception):
    """An object that a check asks for was refused; the text says which, and why."""


class HandsOut:
    """A dataclass of Services that hands out only those that were made.

    Its fields raise NotMadeError where the API server refused the Service, or a slice of it.
    """

    def __getattribute__(self, name: str) -> object:
        """As usual, but for a Service that is not there. Raises NotMadeError."""
        found = object.__getattribute__(self, name)
        return made([found])[0] if isinstance(found, Service) else found


def made(services: Iterable[Service]) -> tuple[Service, ...]:
    """Services that are all there. Raises NotMadeError when one of them is not."""
    found = tuple(services)
    for service in found:
        if service.refused:
            raise NotMadeError(service.refused)
    return found


def refusals(
    manifests: Sequence[Manifest], answers: Iterable[Manifest | ApiException]
) -> dict[Place, str]:
    """Why Services are not as they should be, by place; one that lacks a slice is not either."""
    found: dict[Place, str] = {}
    for manifest, answer in zip(manifests, answers, strict=True):
        if isinstance(answer, ApiException):
            meta = manifest["metadata"]
            owner = meta["labels"].get("kubernetes.io/service-name", meta["name"])
            why = f"{manifest['kind']} {meta['name']} could not be made: {in_words(answer)}"
            found.setdefault((meta["namespace"], owner), why)
    return found


def as_made(
    service: Service, ips: Mapping[Place, tuple[str, ...]], refused: Mapping[Place, str]
) -> Service:
    """A planned Service with the cluster IPs that it was given, or with the reason against it."""
    place = (service.namespace, service.name)
    return replace(service, cluster_ips=ips.get(place, ()), refused=refused.get(place, ""))
