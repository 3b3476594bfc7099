"""Replicas that cannot start: what they wait for."""

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts


def stuck_replicas(facts: Facts) -> dict[str, str]:
    """The replicas that wait for an image, a configuration or a node, and why."""
    return {pod["metadata"]["name"]: why for pod in facts.inventory.pods if (why := _why(pod))}


def _why(pod: Manifest) -> str:
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
