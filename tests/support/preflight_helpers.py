"""Handovers, changed at one place; what the doctor says of them; and the calls of a bridge that works with one."""

import copy
from typing import Any

import requests

from sendproof_harness.handover.reader import parse_client
from sendproof_harness.preflight.checks import run_checks
from sendproof_harness.preflight.results import PreflightResult


def changed(told: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """The same handover with another value at one place."""
    copied = copy.deepcopy(told)
    place: Any = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return copied


def results(told: dict[str, Any], *customers: str) -> dict[str, PreflightResult]:
    """What the doctor says of each thing."""
    return {result.about: result for _, result in run_checks(parse_client(told, "told"), customers)}


def wrong(told: dict[str, Any], *customers: str) -> dict[str, str | None]:
    """Whose everything is that is wrong."""
    return {about: result.blame for about, result in results(told, *customers).items() if result.standing == "wrong"}


def optimove(told, method, function, headers=None, **asked):
    """One call as a bridge makes it."""
    service = told["services"]["optimove"]
    shown = {"X-API-KEY": service["credentials"]["api_key"], **(headers or {})}
    reply = requests.request(method, f"{service['url']}/current/{function}", headers=shown, timeout=30, **asked)
    assert reply.ok, reply.text
    return reply


def register(told, url, event=13, channel=505):
    """Have a listener registered."""
    body = {"EventTypeID": event, "ListenerURL": url, "ChannelID": channel}
    optimove(told, "POST", "general/RegisterEventListener", json=body)
