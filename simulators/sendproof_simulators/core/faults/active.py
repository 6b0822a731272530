"""The faults of one sandbox: which are active, what each has counted, and what the harness has to do to the bridge."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.faults.parsing import FaultSpec
from sendproof_simulators.core.faults.position import Values
from sendproof_simulators.core.faults.spec import BridgeFault, name_of

# Longest wait of the harness's long poll for pending kills: below the usual timeouts of HTTP clients.
POLL_SECONDS = 1.0


@dataclass(slots=True)
class ActiveFault:
    """One active fault. `seen` counts the calls or webhooks that matched, `injected` its injections."""

    id: str
    spec: FaultSpec
    seen: int = 0
    injected: int = 0

    def view(self) -> dict[str, object]:
        """Return the fault as JSON, with its settings. It may contain a secret of the bridge."""
        return {"id": self.id, **self.spec.view()}


@dataclass(slots=True)
class Injection:
    """One injection of a fault: into the `nth` call or webhook that matched, of this `name`.

    `recorded`: the journal contains it.

    It is `missed` if it needed the harness, and the harness did not act in time.
    """

    fault: ActiveFault
    nth: int
    name: str
    recorded: bool = False
    missed: bool = False

    @property
    def id(self) -> str:
        return self.fault.id

    @property
    def spec(self) -> FaultSpec:
        return self.fault.spec

    def miss(self) -> None:
        """Mark the fault as not injected after all."""
        self.missed = True
        self.fault.injected -= 1

    def postpone(self) -> bool:
        """Leave a call without an effect alone, and wait for the next one; return False if the fault takes any call."""
        if isinstance(self.spec.fault, BridgeFault):
            return False
        self.fault.seen -= 1
        self.fault.injected -= 1
        return True

    def call_fields(self, *, effect: bool, response: str) -> dict[str, object]:
        """Return the journal's fields of a call with this fault: its effect, and what became of its response."""
        return {"id": self.id, "fault": name_of(self.spec.fault), "effect": effect, "response": response}

    def journal_fields(self) -> dict[str, object]:
        """Return the fields of the journal entry."""
        position = self.spec.position
        missed = {"missed": True} if self.missed else {}
        return {
            "id": self.id,
            "fault": name_of(self.spec.fault),
            "target": position.target,
            "service": position.service,
            "name": self.name,
            "nth": self.nth,
            "when": self.spec.when,
            **missed,
        }

    def journal_fields_elsewhere(self, sandbox: str) -> dict[str, object]:
        """Return the fields of the entry in the journals of other sandboxes that have the bridge of this `sandbox`.

        Their headers do not list the fault, so the entry also has its downtime.
        """
        fault = self.spec.fault
        assert isinstance(fault, BridgeFault)  # noqa: S101 - no other fault concerns other sandboxes
        return {**self.journal_fields(), "id": f"{sandbox}/{self.id}", "down": fault.down}


@dataclass(slots=True)
class _PendingKill:
    """A fault that waits for the harness to act on the bridge."""

    injection: Injection
    fault: BridgeFault
    completed: asyncio.Event = field(default_factory=asyncio.Event)

    def view(self) -> dict[str, object]:
        injection = self.injection
        return {
            "id": injection.id,
            "fault": name_of(self.fault),
            "when": injection.spec.when,
            **self.fault.instructions(),
        }


class Faults:
    """The active faults of a sandbox.

    `watched` holds them by (target, service, name). It is empty without faults, so that a call then costs one look-up.
    """

    def __init__(self) -> None:
        self.watched: dict[tuple[str, str, str], list[ActiveFault]] = {}
        self._active: list[ActiveFault] = []
        self._removed: list[ActiveFault] = []
        self._last_number = 0
        self._pending: list[_PendingKill] = []
        self._pending_added = asyncio.Event()

    def add(self, specs: Iterable[FaultSpec]) -> list[ActiveFault]:
        """Activate faults and return them with their ids."""
        added = []
        for spec in specs:
            self._last_number += 1
            fault = ActiveFault(f"f{self._last_number}", spec)
            for place in spec.position.places:
                self.watched.setdefault(place, []).append(fault)
            added.append(fault)
        self._active += added
        return added

    def clear(self) -> None:
        """Deactivate all faults. Those that were injected stay in the history."""
        self.watched.clear()
        self._removed += [fault for fault in self._active if fault.injected]
        self._active.clear()

    def remove(self, fault_id: str) -> None:
        """Deactivate one fault; `KeyError` if it is not active. It stays in the history if it was injected."""
        fault = next((fault for fault in self._active if fault.id == fault_id), None)
        if fault is None:
            known = ", ".join(fault.id for fault in self._active) or "none"
            raise KeyError(f"no fault with the id {fault_id!r} is active; there are: {known}")
        for place in fault.spec.position.places:
            self.watched[place].remove(fault)
            if not self.watched[place]:
                del self.watched[place]
        self._active.remove(fault)
        if fault.injected:
            self._removed.append(fault)

    def active(self) -> list[ActiveFault]:
        """Return the active faults, in the order of their addition."""
        return list(self._active)

    def for_history(self) -> list[ActiveFault]:
        """Return the active faults, after the removed ones that were injected."""
        return [*self._removed, *self._active]

    def match(self, target: str, service: str, name: str, values: Callable[[], Values]) -> Injection | None:
        """Count a call or webhook for every fault that it matches; return the injection of the fault added first."""
        injection = None
        for fault in self.watched.get((target, service, name), ()):
            if fault.spec.position.matches(values):
                fault.seen += 1
                if injection is None and fault.spec.position.includes(fault.seen):
                    fault.injected += 1
                    injection = Injection(fault, fault.seen, name)
        return injection

    # -- faults that the harness carries out -------------------------------------------------------

    async def wait_until_completed(self, injection: Injection) -> bool:
        """Ask the harness to act on the bridge and wait for it; return False if it did not act in time."""
        fault = injection.spec.fault
        assert isinstance(fault, BridgeFault)  # noqa: S101 - callers pass no other fault
        pending = _PendingKill(injection, fault)
        self._pending.append(pending)
        self._pending_added.set()
        try:
            async with asyncio.timeout(fault.within_s):
                await pending.completed.wait()
        except TimeoutError:
            return False
        finally:
            self._pending.remove(pending)
        return True

    async def pending_kill(self) -> Mapping[str, object] | None:
        """Wait for the first pending kill and return it as JSON, or None for a real second."""
        try:
            async with asyncio.timeout(POLL_SECONDS):
                while not self._open():
                    self._pending_added.clear()
                    await self._pending_added.wait()
        except TimeoutError:
            return None
        return self._open()[0].view()

    def complete(self, fault_id: str) -> Injection:
        """Let the exchange that waits for this fault continue, and return the injection; `KeyError` if none does."""
        for pending in self._open():
            if pending.injection.id == fault_id:
                pending.completed.set()
                return pending.injection
        waiting = ", ".join(pending.injection.id for pending in self._open()) or "none"
        raise KeyError(f"expected the id of a pending fault ({waiting}), got {fault_id!r}")

    def _open(self) -> list[_PendingKill]:
        return [pending for pending in self._pending if not pending.completed.is_set()]
