"""Replicas that cannot start: what they wait for."""

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts


def stuck_replicas(facts: Facts) -> dict[str, str]:
    """The replicas that wait for an image, a configuration or a node, and why."""
    pods = facts.inventory.pods
    return {
        pod["metadata"]["name"]: why
        for pod in pods
        if (why := _why(pod) or _other_image(pod, facts))
    }


def _other_image(pod: Manifest, facts: Facts) -> str:
    """What a container waits for that must start anew with an image that the others do not have."""
    wanted = facts.inventory.image
    containers = pod["spec"].get("containers") or [{}]
    image = containers[0].get("image", "")
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    waiting = [(status.get("state") or {}).get("waiting") for status in statuses]
    reasons = [found.get("reason", "") for found in waiting if found]
    if not reasons or not wanted or image in ("", wanted):
        return ""
    return f"{reasons[0]} with image {image}; the others have {wanted}"


def _why(pod: Manifest) -> str:
    """What a pod waits for by its own status: an image, a configuration or a node; or nothing."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        if "Image" in reason or "ConfigError" in reason:
            return f"{reason} {str(waiting.get('message', ''))[:200]}".strip()
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')} {str(condition.get('message', ''))[:200]}".strip()
    return ""
