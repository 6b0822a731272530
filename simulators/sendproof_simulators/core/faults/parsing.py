"""Reading what somebody wants to be struck: `{"fault": "status", "call": "optimove.GetCustomerIDs", "nth": 2, ...}`.

Every mistake is a `ValueError` that names the entry, what was expected, what was given, and what is nearest to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

import msgspec

from sendproof_simulators.core.faults.position import Position, as_values
from sendproof_simulators.core.faults.spec import CALL, WEBHOOK, Fault, known, name_of

_ADDRESS = ("fault", CALL, WEBHOOK, "where", "nth", "times", "when")
ALL = "all"

# More names than this hide the nearest one.
LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What can be struck: the operations and the events of each service."""

    calls: Mapping[str, Iterable[str]]
    webhooks: Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """One fault at one position, before or after the effect."""

    fault: Fault
    position: Position
    when: str

    def view(self) -> dict[str, object]:
        """As somebody could have written it, nothing left out."""
        at, settings = self.position, {one.name: getattr(self.fault, one.name) for one in fields(self.fault)}
        times = ALL if at.times is None else at.times
        address = {at.target: f"{at.service}.{at.name}", "where": dict(at.where), "nth": at.nth, "times": times}
        return {"fault": name_of(self.fault), **address, "when": self.when, **settings}


def read_entries(given: Iterable[Mapping[str, Any]], places: Places) -> list[FaultSpec]:
    """All entries; `ValueError` names the first that is wrong, counted from 1."""
    read = []
    for number, one in enumerate(given, 1):
        try:
            read.append(_entry(one, places))
        except ValueError as error:
            raise ValueError(f"fault {number}: {error}") from None
    return read


def _entry(given: Mapping[str, Any], places: Places) -> FaultSpec:
    name = _one_of("fault", given.get("fault"), known())
    kind = known()[name]
    settings = {key: value for key, value in given.items() if key not in _ADDRESS}
    for key in settings:
        _one_of(f"{name}: a key", key, (*(one.name for one in fields(kind)), *_ADDRESS))
    when = _one_of(f"{name}: when", given.get("when", kind.when[0]), kind.when)
    return FaultSpec(fault=_fault(name, kind, settings), position=_position(name, kind, given, places), when=when)


def _fault(name: str, kind: type[Fault], settings: Mapping[str, Any]) -> Fault:
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        field = place.strip(".`")
        got = f", got {settings[field]!r:.80}" if field in settings else ""
        raise ValueError(": ".join(part for part in (name, field, said[0].lower() + said[1:] + got) if part)) from None


def _position(name: str, kind: type[Fault], given: Mapping[str, Any], places: Places) -> Position:
    target = _target(name, kind, given)
    service, place = _place(f"{name}: {target}", given[target], places.calls if target == CALL else places.webhooks)
    where = given.get("where", {})
    if not isinstance(where, Mapping) or any(isinstance(value, (Mapping, list)) for value in where.values()):
        raise ValueError(f"{name}: where: expected names with the values they must have, got {where!r:.80}")
    times = given.get("times", 1)
    return Position(
        target=target,
        service=service,
        name=place,
        where=as_values(where),
        nth=_count(f"{name}: nth", given.get("nth", 1)),
        times=None if times == ALL else _count(f"{name}: times", times, f" or {ALL!r}"),
    )


def _target(name: str, kind: type[Fault], given: Mapping[str, Any]) -> str:
    found = [target for target in (CALL, WEBHOOK) if target in given]
    if len(found) != 1 or found[0] not in kind.on:
        wanted = " or ".join(f"`{target}: SERVICE.NAME`" for target in kind.on)
        raise ValueError(f"{name}: expected {wanted} to say what it strikes, got {' and '.join(found) or 'neither'}")
    return found[0]


def _place(what: str, given: object, places: Mapping[str, Iterable[str]]) -> tuple[str, str]:
    service, dot, name = str(given).partition(".")
    if not isinstance(given, str) or not dot:
        every = [f"{service}.{name}" for service, names in places.items() for name in names]
        raise ValueError(f"{what}: expected a service and a name such as {every[0]}, got {given!r:.80}")
    _one_of(f"{what}: the service", service, places)
    _one_of(f"{what}: the name", name, places[service])
    return service, name


def _count(what: str, given: object, more: str = "") -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ValueError(f"{what}: expected a whole number from 1{more}, got {given!r:.80}")
    return given


def _one_of(what: str, given: object, possible: Iterable[str]) -> str:
    choices = list(possible)
    if isinstance(given, str) and given in choices:
        return given
    near = get_close_matches(str(given), choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(choices) if len(choices) <= LISTED or not near else f"{len(choices)} names"
    raise ValueError(f"{what}: expected one of {listed or 'none'}, got {given!r:.80}{hint}")
