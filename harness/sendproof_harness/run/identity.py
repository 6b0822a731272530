"""The circumstances of a run, for its history: versions, bridge, options and machine."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

from sendproof_harness.history.timestamps import SECOND, iso

REFERENCE_BRIDGE = "the reference bridge"


def run_identity(
    *, scenario: str, bridge: str | None, options: Mapping[str, str], now: float, duration_s: float
) -> Mapping[str, object]:
    """Return the fields of the line `run`.

    `scenario` is the digest of its content. `bridge` is its URL or command, None for the reference bridge. `now` is the
    real time in seconds since the Unix epoch, at which the run had taken `duration_s`.
    """
    return {
        "sendproof": version("sendproof"),
        "scenario": scenario,
        "began": iso(round((now - duration_s) * SECOND)),
        "duration_s": round(duration_s, 3),
        "bridge": bridge or REFERENCE_BRIDGE,
        "options": dict(options),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "cores": os.cpu_count() or 1,
        "load": _load(),
    }


def _load() -> float | None:
    """Return the load of the last minute; None on a system that does not count it."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
