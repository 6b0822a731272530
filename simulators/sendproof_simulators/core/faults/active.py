"""The faults of one sandbox: which are in force, what each has counted, and what the bridge's starter has to do."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.faults.parsing import FaultSpec
from sendproof_simulators.core.faults.position import Values
from sendproof_simulators.core.faults.spec import BridgeFault, name_of

# How long the one who started the bridge is kept waiting for something to do: below what clients grant.
WANTED_SECONDS = 20.0


@dataclass(slots=True)
class ActiveFault:
    """One fault in force: `seen` counts what matched, `injected` how often it was injected."""

    id: str
    entry: FaultSpec
    seen: int = 0
    injected: int = 0

    def view(self) -> dict[str, object]:
        """As in the header of a history."""
        return {"id": self.id, **self.entry.view()}


@dataclass(slots=True)
class Injection:
    """One fault that strikes one call or notification, the `nth` that matched. `told`: the journal knows of it.

    It is `missed` when nobody did to the bridge what it asks for.
    """

    kept: ActiveFault
    nth: int
    told: bool = False
    missed: bool = False

    @property
    def id(self) -> str:
        return self.kept.id

    @property
    def entry(self) -> FaultSpec:
        return self.kept.entry

    def miss(self) -> None:
        """It did not strike after all."""
        self.missed = True
        self.kept.injected -= 1

    def line(self) -> dict[str, object]:
        """What the journal says of it."""
        entry = self.entry
        at = entry.position
        missed = {"missed": True} if self.missed else {}
        return {
            "id": self.id,
            "fault": name_of(entry.fault),
            "target": at.target,
            "service": at.service,
            "name": at.name,
            "nth": self.nth,
            "when": entry.when,
            **missed,
        }


@dataclass(slots=True)
class _Order:
    """Something that the one who started the bridge has to do."""

    strike: Injection
    fault: BridgeFault
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def view(self) -> dict[str, object]:
        wanted = {"id": self.strike.id, "fault": name_of(self.fault), "when": self.strike.entry.when}
        return {**wanted, **self.fault.wanted()}


class Faults:
    """What is in force. `watched` is empty when nothing is, so that a call or notification costs one look into it."""

    def __init__(self) -> None:
        self.watched: dict[tuple[str, str, str], list[ActiveFault]] = {}
        self._now: list[ActiveFault] = []
        self._past: list[ActiveFault] = []
        self._made = 0
        self._orders: list[_Order] = []
        self._ordered = asyncio.Event()

    def add(self, entries: Iterable[FaultSpec]) -> list[ActiveFault]:
        """Put them in force."""
        added = []
        for entry in entries:
            self._made += 1
            kept = ActiveFault(f"f{self._made}", entry)
            at = entry.position
            self.watched.setdefault((at.target, at.service, at.name), []).append(kept)
            added.append(kept)
        self._now += added
        return added

    def clear(self) -> None:
        """Nothing is in force any more. What has struck is not forgotten."""
        self.watched.clear()
        self._past += [kept for kept in self._now if kept.injected]
        self._now.clear()

    def in_force(self) -> list[ActiveFault]:
        """Those that were added since the last clearing."""
        return list(self._now)

    def ever(self) -> list[ActiveFault]:
        """Those in force, and those before them that have struck."""
        return [*self._past, *self._now]

    def strike(self, target: str, service: str, name: str, values: Callable[[], Values]) -> Injection | None:
        """Count a call or notification; answers what strikes it, the first that was given if there are several."""
        found = None
        for kept in self.watched.get((target, service, name), ()):
            if kept.entry.position.matches(values):
                kept.seen += 1
                if found is None and kept.entry.position.includes(kept.seen):
                    kept.injected += 1
                    found = Injection(kept, kept.seen)
        return found

    # -- what the one who started the bridge has to do ---------------------------------------------

    async def carried_out(self, strike: Injection) -> bool:
        """Let something be done to the bridge, and wait for that; false when nobody has done it in time."""
        fault = strike.entry.fault
        assert isinstance(fault, BridgeFault)  # noqa: S101 - nothing else is asked for
        order = _Order(strike, fault)
        self._orders.append(order)
        self._ordered.set()
        try:
            async with asyncio.timeout(fault.within_s):
                await order.done.wait()
        except TimeoutError:
            return False
        finally:
            self._orders.remove(order)
        return True

    async def wanted(self) -> Mapping[str, object] | None:
        """What has to be done first, as soon as there is something; None when there is nothing for some seconds."""
        try:
            async with asyncio.timeout(WANTED_SECONDS):
                while not self._open():
                    self._ordered.clear()
                    await self._ordered.wait()
        except TimeoutError:
            return None
        return self._open()[0].view()

    def done(self, id_: str) -> None:
        """It was done; `KeyError` when nothing of that id is waited for."""
        for order in self._open():
            if order.strike.id == id_:
                order.done.set()
                return
        waiting = ", ".join(order.strike.id for order in self._open()) or "none"
        raise KeyError(f"nothing waits for fault {id_!r} to be carried out; waiting: {waiting}")

    def _open(self) -> list[_Order]:
        return [order for order in self._orders if not order.done.is_set()]
