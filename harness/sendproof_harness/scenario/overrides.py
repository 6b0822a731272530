"""The triggered overrides of a channel, as far as they are the same for every event."""

import json
from collections.abc import Mapping
from typing import Any

from sendproof_harness.scenario.model import Channel

_LINK, _VARIABLES = "url", "variables"


def constant_overrides(channel: Channel) -> Mapping[str, Any] | None:
    """Return the overrides that do not depend on the event; None if they do, {} without any."""
    try:
        overrides = json.loads(channel.overrides or "{}")
    except ValueError:
        return None
    return overrides if isinstance(overrides, dict) else None


def overridden_link(channel: Channel) -> str | None:
    """Return the link that the overrides give every message; None if they depend on the event, or have none."""
    url = (constant_overrides(channel) or {}).get(_LINK)
    return url if isinstance(url, str) else None


def overridden_variables(channel: Channel) -> Mapping[str, str]:
    """Return the values that the overrides put in place of every customer's."""
    variables = (constant_overrides(channel) or {}).get(_VARIABLES)
    if not isinstance(variables, dict):
        return {}
    return {name: value for name, value in variables.items() if isinstance(value, str)}


def has_unknown_texts(channel: Channel) -> bool:
    """Return True if the overrides may change texts or recipients in a way that only the bridge computes."""
    overrides = constant_overrides(channel)
    if overrides is None:
        return True
    return bool(overrides.keys() - {_LINK, _VARIABLES}) or overridden_variables(channel) != overrides.get(
        _VARIABLES, {}
    )
