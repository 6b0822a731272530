"""Handovers of sandboxes at real simulators."""

from collections.abc import Callable
from typing import Any

import pytest

from sendproof_harness.handover.write import handover_content

CHANNELS = [
    {"id": 505, "provider": "textlocal"},
    {"id": 600, "provider": "xtremepush", "kind": "triggered"},
    {"id": 452, "provider": "delivyr"},
]


@pytest.fixture
def new_handover(simulators) -> Callable[..., dict[str, Any]]:
    """Return a function that creates a sandbox with a channel of each provider and returns its handover."""

    def create(**settings: Any) -> dict[str, Any]:
        defaults = {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}, "channels": CHANNELS}
        return handover_content(
            simulators.control, simulators.call("POST", "/sandboxes", {**defaults, **settings}), None
        )

    return create
