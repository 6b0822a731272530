"""A project at Xtremepush without HTTP and without a bridge: its segments, and its suppression attribute."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.discovery import service_contract
from sendproof_simulators.services.xtremepush import SIMULATOR


class ComposedProject:
    """A project with the customers of Optimove's simulator, and only the timer of its next sync."""

    def __init__(self, optimove: SandboxContext, settings: Mapping[str, object], now: Instant) -> None:
        options = choose({SIMULATOR.name: SIMULATOR.dialects}, {})[SIMULATOR.name]
        limits = SIMULATOR.read_limits(Limits(service_contract(SIMULATOR), options))
        self._context = replace(optimove, dialects=options, limits=limits)
        self._state = SIMULATOR.new_state(self._context)
        self._timers: list[Timer] = []
        assert SIMULATOR.settings is not None
        self._apply(SIMULATOR.settings.replace(self._context, self._state, now, settings))

    def next_sync(self, until: Instant) -> Instant | None:
        """Return the instant of the next sync, if it is not after `until`."""
        return self._timers[0].at if self._timers and self._timers[0].at <= until else None

    def sync(self) -> None:
        """Fetch the attribute."""
        timer = self._timers.pop(0)
        self._apply(SIMULATOR.on_timer(self._context, self._state, timer, timer.at))

    def excluded(self, obligation: Mapping[str, Any]) -> str | None:
        """Return why the project sends nothing for an obligation, or None."""
        exclusion = SIMULATOR.exclusion(self._context, self._state)
        return None if exclusion is None else exclusion(obligation)

    def _apply(self, effects: Effects) -> None:
        self._timers += effects.timers
