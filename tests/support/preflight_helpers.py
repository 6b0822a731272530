"""Handovers with one changed value, the results of the preflight checks, and requests of a working bridge."""

import copy
from typing import Any

import requests

from sendproof_harness.handover.reader import parse_client
from sendproof_harness.preflight.checks import run_checks
from sendproof_harness.preflight.results import PreflightResult


def changed(handover: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """Return a copy of the handover with another value at `path`."""
    copied = copy.deepcopy(handover)
    parent: Any = copied
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = to
    return copied


def results(handover: dict[str, Any], *customers: str) -> dict[str, PreflightResult]:
    """Return the result for each subject."""
    return {result.subject: result for _, result in run_checks(parse_client(handover, "handover"), customers)}


def wrong(handover: dict[str, Any], *customers: str) -> dict[str, str | None]:
    """Return, for each subject that is wrong, who has to correct it."""
    found = results(handover, *customers)
    return {subject: result.blame for subject, result in found.items() if result.status == "wrong"}


def optimove(handover, method, function, headers=None, **content):
    """Send one request to Optimove with the bridge's key."""
    service = handover["services"]["optimove"]
    all_headers = {"X-API-KEY": service["credentials"]["api_key"], **(headers or {})}
    url = f"{service['url']}/current/{function}"
    response = requests.request(method, url, headers=all_headers, timeout=60, **content)
    assert response.ok, response.text
    return response


def register(handover, url, event=13, channel=505):
    """Register a listener in Optimove."""
    body = {"EventTypeID": event, "ListenerURL": url, "ChannelID": channel}
    optimove(handover, "POST", "general/RegisterEventListener", json=body)
