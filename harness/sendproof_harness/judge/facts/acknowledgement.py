"""Acknowledged webhooks: the bridge answered with a 2xx status."""

from sendproof_harness.history.records import Webhook

_SUCCESS = range(200, 300)


def is_success(status: int | None) -> bool:
    """Return True for a 2xx status."""
    return status in _SUCCESS


def is_acknowledged(attempt: Webhook) -> bool:
    """Return True if the attempt arrived and the bridge acknowledged it."""
    return not attempt.dropped and is_success(attempt.status)
