"""The context of a run: scenario, sandboxes, bridge, clock and progress. Every step gets it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.progress import ProgressListener
from sendproof_harness.run.time_control import HARNESS, TimeControl
from sendproof_harness.scenario.model import Scenario


@dataclass(kw_only=True)
class RunContext:
    """One run of one scenario. Each client has a sandbox; `time` is the clock of the first one, which all share.

    `timeout_s` is the real time for a bridge to become ready, and to become idle; in the second case, each sign of
    progress restarts it. `probes` are the requests of the harness to the bridge's listeners, as lines of the history.
    """

    scenario: Scenario
    control: ControlClient
    sandboxes: tuple[str, ...]
    bridge: Bridge
    time: TimeControl
    timeout_s: float
    progress: ProgressListener
    probes: list[dict[str, Any]] = field(default_factory=list)
    supervise_kills: Callable[[], None] = field(default=lambda: None)
    _notes: set[str] = field(default_factory=set, init=False)
    _earlier_unauthenticated: Counter[str] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        """Count the earlier unauthenticated requests to each service of shared simulators."""
        requests = self.control.unauthenticated_requests()
        self._earlier_unauthenticated.update(request["service"] for request in requests)

    def check_bridge(self) -> None:
        """Kill the bridge if a fault requires it; raise `RunAbortedError` if it has ended by itself."""
        self.supervise_kills()
        self.bridge.check_running()

    def sandboxes_of(self, client: str | None) -> Sequence[str]:
        """Return the sandbox of a client; without a name those of all clients."""
        if client is None:
            return self.sandboxes
        return (self.sandboxes[self.scenario.clients.index(client)],)

    def clock(self) -> dict[str, Any]:
        """Return the clock that all sandboxes share, as the control API shows it now."""
        return self.control.clock(self.sandboxes[0])

    def participants(self, clock: Mapping[str, Any] | None = None) -> list[str]:
        """Return the names of the bridge's participants, in this snapshot of the clock or, without one, now."""
        snapshot = self.clock() if clock is None else clock
        return [participant["name"] for participant in snapshot["participants"] if participant["name"] != HARNESS]

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        """Return the requests of this run without a credential of any sandbox."""
        earlier, since = self._earlier_unauthenticated.copy(), []
        # The simulators list them service by service.
        for request in self.control.unauthenticated_requests():
            if earlier[request["service"]] > 0:
                earlier[request["service"]] -= 1
            else:
                since.append(request)
        return since

    def note_once(self, text: str) -> None:
        """Print a text, unless it was printed before."""
        if text not in self._notes:
            self._notes.add(text)
            self.progress.note(text)
