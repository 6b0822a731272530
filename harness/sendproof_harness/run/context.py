"""Where a scenario plays: the sandboxes, the bridge, the clock, and whoever watches. What every step needs."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.progress import Watcher
from sendproof_harness.run.time_control import TimeControl
from sendproof_harness.scenario.model import Scenario

#: Under this name the harness itself takes part in a clock.
HARNESS = "sendproof"


@dataclass(kw_only=True)
class RunContext:
    """One run of one scenario. Every client has a sandbox; `passing` is the time of the first, which all share.

    `timeout_s` real seconds are given to a bridge that does not get ready, and to one that does not come to rest; in
    the second case every sign of life starts them anew. `probes` are the calls that the harness itself made at the
    bridge's listeners, as lines of the history.
    """

    scenario: Scenario
    control: ControlClient
    sandboxes: tuple[str, ...]
    bridge: Bridge
    passing: TimeControl
    timeout_s: float
    watcher: Watcher
    probes: list[dict[str, Any]] = field(default_factory=list)
    kills: Callable[[], None] = field(default=lambda: None)
    _told: set[str] = field(default_factory=set, init=False)
    _strangers: Counter[str] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        """Simulators that others use, too, may have met strangers before this bridge was started."""
        self._strangers.update(request["service"] for request in self.control.unauthenticated_requests())

    def check_bridge(self) -> None:
        """See to the bridge: kill it when a fault wants that, and notice when it has ended by itself."""
        self.kills()
        self.bridge.must_run()

    def clock(self) -> dict[str, Any]:
        """Return the clock that all sandboxes share, as the control API shows it now."""
        return self.control.clock(self.sandboxes[0])

    def participants(self, clock: Mapping[str, Any] | None = None) -> list[str]:
        """Return the names of the bridge's participants, in this snapshot of the clock or, without one, now."""
        snapshot = self.clock() if clock is None else clock
        return [participant["name"] for participant in snapshot["participants"] if participant["name"] != HARNESS]

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        """The requests since the beginning that showed no credential of any sandbox."""
        earlier, since = self._strangers.copy(), []
        # The simulators list them service by service.
        for request in self.control.unauthenticated_requests():
            if earlier[request["service"]] > 0:
                earlier[request["service"]] -= 1
            else:
                since.append(request)
        return since

    def note_once(self, text: str) -> None:
        """Say something that need not be said twice."""
        if text not in self._told:
            self._told.add(text)
            self.watcher.note(text)
