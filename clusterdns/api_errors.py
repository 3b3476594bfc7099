"""What may come instead of an object from an API server, and what of it is worth another try."""

import json
import re
from collections.abc import Callable
from typing import TypeVar

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

T = TypeVar("T")
R = TypeVar("R")

TRY_AGAIN = (429, 500, 502, 503, 504)  # the server is starting, busy or behind something that is
# Refusals that pass: a namespace or a quota whose controller has not caught up yet (kubernetes
# 1.34, plugin/pkg/admission/serviceaccount and resourcequota).
_PASSING = re.compile(r"error looking up service account|status unknown for quota")
_LONGEST = 500  # characters of what an API server said


class NotFoundError(ApiException, LookupError):
    """The API server answered 404 for this object."""

    def __init__(self, body: str = "") -> None:
        super().__init__(status=404, reason="Not Found")
        self.body = body


class NoAnswerError(ApiException):
    """The API server gave no answer, or not one of its own kind; ``reason`` has the words.

    ``status`` is 0. ``sent``: whether the request may have been carried out all the same.
    """

    def __init__(self, reason: str, sent: bool = True, passing: bool = True) -> None:
        super().__init__(status=0, reason=reason)
        self.sent = sent
        self.passing = passing  # it may go better the next time

    def __str__(self) -> str:
        return str(self.reason)


def no_answer(error: Exception, host: str) -> NoAnswerError:
    """What the connection raised, in words. ``error`` is of urllib3 or an OSError."""
    cause = error.reason if isinstance(error, MaxRetryError) else error
    sent = not isinstance(cause, NewConnectionError | ConnectionRefusedError)
    # A TLS handshake that breaks off is a server that goes or comes; a wrong certificate stays.
    passing = "certificate" not in str(cause).lower()
    text = " ".join(str(cause or error).split())
    # urllib3 begins with the address of an object, which says nothing and is never the same.
    text = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>:? ?|\w+\(host='[^']*', port=\d+\): ", "", text)
    return NoAnswerError(f"the API server {host} does not answer: {text[:300]}", sent, passing)


def wrong_server(host: str, what: str) -> NoAnswerError:
    """What answers there is no Kubernetes API server; ``what`` is what it said instead."""
    said = " ".join(what.split())[:80] or "nothing"
    words = f"what answers at {host} is no Kubernetes API server, or not the one it was: it sent"
    return NoAnswerError(f"{words} {said!r}", passing=False)


def is_absence(error: NotFoundError) -> bool:
    """Whether a 404 is an API server's, which sends a Status: any web server has a page for it."""
    return not error.body or bool(_status_of(error)) or error.body.strip() == "{}"


def is_passing(error: ApiException) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    if isinstance(error, NoAnswerError):
        return error.passing
    if error.status == 409:  # of two writers one is told to come again; what is there stays there
        return reason_of(error) == "Conflict" and "quota" in message_of(error)
    return error.status in TRY_AGAIN or (error.status == 403 and _is_early(error))


def is_passing_for_logs(error: ApiException) -> bool:
    """Whether the same request for logs, which come from a kubelet, may be answered in a moment."""
    return is_passing(error) and error.status in (0, 429, 503)


def may_be_done(error: ApiException) -> bool:
    """Whether a request that ended like this may have been carried out all the same."""
    if isinstance(error, NoAnswerError):
        return error.sent
    return error.status in (500, 502, 503, 504)


def retry_after(error: ApiException) -> float:
    """The seconds that the API server asks us to wait (RFC 9110 10.2.3); 0 without any."""
    headers = error.headers or {}
    text = str(headers.get("Retry-After") or headers.get("retry-after") or "")
    return float(text) if text.strip().isdigit() else 0.0


def message_of(error: BaseException) -> str:
    """The API server's own words (``message`` of its Status); empty when it has none."""
    return str(_status_of(error).get("message") or "")


def reason_of(error: BaseException) -> str:
    """The word of its Status, such as AlreadyExists; empty when it has none."""
    return str(_status_of(error).get("reason") or "")


def in_words(error: ApiException) -> str:
    """What the API server answered, in one line, with its own words."""
    if isinstance(error, NoAnswerError):
        return str(error)
    known = f"the API server answered {error.status} {error.reason or ''}".rstrip()
    said = message_of(error)
    return " ".join((f"{known}: {said}" if said else known).split())[:_LONGEST]


def refused_fields(error: ApiException) -> list[str]:
    """The fields that the API server finds invalid (meta/v1 StatusDetails), each once, sorted.

    Empty where it complains of none: a policy, a quota or a missing right says nothing of the
    object itself.
    """
    details = _status_of(error).get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    fields = {str(cause.get("field") or "") for cause in causes or []}
    return sorted(fields - {""})


def is_api_trouble(error: BaseException | None) -> bool:
    """Whether an exception tells of the API server or the way to it, and of nothing else."""
    return isinstance(error, ApiException | HTTPError | ConnectionError | TimeoutError)


def unless_forbidden(read: Callable[[], T], instead: Callable[[ApiException], R]) -> T | R:
    """What is read; where we have no right to it (403), what ``instead`` makes of the refusal.

    Raises kubernetes.client.ApiException for anything but a 403.
    """
    try:
        return read()
    except ApiException as error:
        if error.status != 403:
            raise
        return instead(error)


def _is_early(error: ApiException) -> bool:
    return _PASSING.search(message_of(error)) is not None


def _status_of(error: BaseException) -> dict[str, object]:
    body = getattr(error, "body", None)
    if not isinstance(body, str | bytes):
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
