"""Real simulators, and handovers of sandboxes at them."""

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
def sandbox(simulators) -> Callable[..., dict[str, Any]]:
    """Makes sandboxes with a channel of each provider; answers what a bridge would be handed."""

    def make(**settings: Any) -> dict[str, Any]:
        wanted = {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}, "channels": CHANNELS}
        return handover_content(simulators.control, simulators.call("POST", "/sandboxes", {**wanted, **settings}), None)

    return make
