"""Parsing of requested faults: `{"fault": "status", "call": "optimove.GetCustomerIDs", "nth": 2, ...}`.

Every mistake is a `ValueError` that names the entry, what was expected, what it got, and the nearest valid name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from sendproof_simulators.core.faults.position import SEPARATOR, Position, as_values
from sendproof_simulators.core.faults.spec import CALL, WEBHOOK, Fault, known, name_of
from sendproof_simulators.core.suggestions import closest

_POSITION_KEYS = ("fault", CALL, WEBHOOK, "where", "nth", "times", "when")
ALL = "all"

#: Types as the decoder names them.
_TYPE_WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}

# A longer list would hide the nearest name.
LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The possible targets of faults: the operations and the webhook events of each service."""

    calls: Mapping[str, Iterable[str]]
    webhooks: Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """One fault at one position, before or after the effect."""

    fault: Fault
    position: Position
    when: str

    def view(self) -> dict[str, object]:
        """Return the fault as JSON in the form of a request, with all defaults."""
        position = self.position
        settings = {field.name: getattr(self.fault, field.name) for field in fields(self.fault)}
        return {
            "fault": name_of(self.fault),
            position.target: position.text,
            "where": dict(position.where),
            "nth": position.nth,
            "times": ALL if position.times is None else position.times,
            "when": self.when,
            **settings,
        }


def parse_faults(entries: Iterable[Mapping[str, Any]], targets: Targets) -> list[FaultSpec]:
    """Parse all entries; `ValueError` names the first invalid one, counted from 1."""
    specs = []
    for number, entry in enumerate(entries, 1):
        try:
            specs.append(_fault_spec(entry, targets))
        except ValueError as error:
            raise ValueError(f"fault {number}: {error}") from None
    return specs


def _fault_spec(entry: Mapping[str, Any], targets: Targets) -> FaultSpec:
    name = _valid_name("fault", entry.get("fault"), known())
    kind = known()[name]
    settings = {key: value for key, value in entry.items() if key not in _POSITION_KEYS}
    for key in settings:
        _valid_name(f"{name}: a key", key, (*(field.name for field in fields(kind)), *_POSITION_KEYS))
    when = _valid_name(f"{name}: when", entry.get("when", kind.when[0]), kind.when)
    return FaultSpec(fault=_fault(name, kind, settings), position=_position(name, kind, entry, targets), when=when)


def _fault(name: str, kind: type[Fault], settings: Mapping[str, Any]) -> Fault:
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        field = place.strip(".`")
        # The type of the value says nothing that the value does not say.
        expected = reason.partition(", got `")[0] if field in settings else reason
        got = f", got {settings[field]!r:.80}" if field in settings else ""
        parts = (name, field, _in_words(expected[0].lower() + expected[1:]) + got)
        raise ValueError(": ".join(part for part in parts if part)) from None


def _in_words(text: str) -> str:
    """Return a text of the decoder with the names of its types in words."""
    for type_name, words in _TYPE_WORDS.items():
        text = text.replace(f"`{type_name}`", words)
    return text


def _position(name: str, kind: type[Fault], entry: Mapping[str, Any], targets: Targets) -> Position:
    target = _target(name, kind, entry)
    names = targets.calls if target == CALL else targets.webhooks
    service, target_names = _service_and_names(f"{name}: {target}", entry[target], names)
    where = entry.get("where", {})
    if not isinstance(where, Mapping) or any(isinstance(value, (Mapping, list)) for value in where.values()):
        raise ValueError(f"{name}: where: expected names with the values they must have, got {where!r:.80}")
    times = entry.get("times", 1)
    return Position(
        target=target,
        service=service,
        names=target_names,
        where=as_values(where),
        nth=_count(f"{name}: nth", entry.get("nth", 1)),
        times=None if times == ALL else _count(f"{name}: times", times, f" or {ALL!r}"),
    )


def _target(name: str, kind: type[Fault], entry: Mapping[str, Any]) -> str:
    found = [target for target in (CALL, WEBHOOK) if target in entry]
    if len(found) != 1 or found[0] not in kind.on:
        expected = " or ".join(f"`{target}: SERVICE.NAME`" for target in kind.on)
        raise ValueError(f"{name}: expected {expected} as the target, got {' and '.join(found) or 'neither'}")
    return found[0]


def _service_and_names(
    label: str, value: object, names_by_service: Mapping[str, Iterable[str]]
) -> tuple[str, tuple[str, ...]]:
    service, dot, name = str(value).partition(".")
    if not isinstance(value, str) or not dot:
        example = next(f"{service}.{name}" for service, names in names_by_service.items() for name in names)
        raise ValueError(f"{label}: expected a service and a name such as {example}, got {value!r:.80}")
    _valid_name(f"{label}: the service", service, names_by_service)
    names = dict.fromkeys(name.split(SEPARATOR))
    return service, tuple(_valid_name(f"{label}: the name", name, names_by_service[service]) for name in names)


def _count(label: str, value: object, alternative: str = "") -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{label}: expected a whole number from 1{alternative}, got {value!r:.80}")
    return value


def _valid_name(label: str, value: object, valid_names: Iterable[str]) -> str:
    names = list(valid_names)
    if isinstance(value, str) and value in names:
        return value
    near = closest(str(value), names)
    hint = f"; did you mean {near!r}?" if near else ""
    listed = ", ".join(names) if len(names) <= LISTED or not near else f"{len(names)} names"
    raise ValueError(f"{label}: expected one of {listed or 'none'}, got {value!r:.80}{hint}")
