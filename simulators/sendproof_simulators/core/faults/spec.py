"""What a fault is: a frozen dataclass whose fields are its settings, with one method. `known()` finds them all.

Settings are typed with msgspec's `Meta`: what they may be and what they mean is read from there by the control API, the
command line and the documents.
"""

import importlib
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from sendproof_simulators.core.faults import kinds
from sendproof_simulators.core.http import PLAIN, Response, Transmission

CALL, WEBHOOK = "call", "webhook"
BEFORE, AFTER = "before", "after"

#: The `extra_json_schema` of a setting in milliseconds of virtual time. Scenario files contain a duration instead.
VIRTUAL_DURATION = {"x-unit": "virtual milliseconds"}

# What a client sees of a struck call: no reply that it can read, another than the service's, or the service's own.
LOST, ALTERED, INTACT = "lost", "altered", "intact"

Refuse = Callable[[str, int, str], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultedResponse:
    """What becomes of a call's reply: `arrives` is lost, altered or intact; `manner` is how it is written."""

    response: Response
    arrives: str
    manner: Transmission = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFaultPlan:
    """How a notification gets to its receiver: so many times more, so late, its first attempts lost, overtaken."""

    copies: int = 0
    wait_ms: int = 0
    lost: int = 0
    behind: int = 0
    within_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The settings of one. `on` are the targets it can have, `when` its moments, the first being the default."""

    on: ClassVar[tuple[str, ...]]
    when: ClassVar[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class CallFault(Fault, ABC):
    """Something done to a call of the bridge."""

    on: ClassVar[tuple[str, ...]] = (CALL,)
    when: ClassVar[tuple[str, ...]] = (BEFORE, AFTER)

    @abstractmethod
    def answer(self, own: Response, refuse: Refuse) -> FaultedResponse:
        """What becomes of the reply. `own` is the service's, without content when it did nothing.

        `refuse(kind of problem, status, detail)` answers as the service does.
        """


@dataclass(frozen=True, kw_only=True)
class WebhookFault(Fault, ABC):
    """Something done to a notification on its way to the bridge."""

    on: ClassVar[tuple[str, ...]] = (WEBHOOK,)
    when: ClassVar[tuple[str, ...]] = (BEFORE,)

    @abstractmethod
    def way(self, draw: Callable[[int], int]) -> WebhookFaultPlan:
        """How it gets there. `draw(n)` answers a number below n, the same in every run with one seed."""


@dataclass(frozen=True, kw_only=True)
class BridgeFault(Fault, ABC):
    """Something done to the bridge itself, by whoever started it: the exchange waits for that."""

    on: ClassVar[tuple[str, ...]] = (CALL, WEBHOOK)
    when: ClassVar[tuple[str, ...]] = (BEFORE, AFTER)

    within_s: float

    @abstractmethod
    def wanted(self) -> Mapping[str, object]:
        """What has to be done, for whoever started the bridge."""


@cache
def known() -> Mapping[str, type[Fault]]:
    """Every fault by its name, which is that of its file."""
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    return MappingProxyType({name: _defined_in(name) for name in names})


def _defined_in(name: str) -> type[Fault]:
    module = importlib.import_module(f"{kinds.__name__}.{name}")
    found = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
    (only,) = [one for one in found if issubclass(one, Fault)]
    return only


def name_of(fault: Fault) -> str:
    """The name of its file."""
    return type(fault).__module__.rpartition(".")[2]


def settings_of(kind: type[Fault]) -> dict[str, dict[str, Any]]:
    """The settings of a kind of fault: by name, JSON Schema with `description` and `default`."""
    properties = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return {one.name: {**properties[one.name], "default": one.default} for one in fields(kind)}


def summary(name: str, field: Mapping[str, Any]) -> str:
    """One setting in one line: `seconds (number, 60.0): real seconds until it is closed`."""
    # A setting that may be left out is one of two things, and the other is null.
    said = field["anyOf"][0] if "anyOf" in field else field
    default = {None: "none", "": "empty"}.get(field["default"], field["default"])
    unit = f", in {said['x-unit']}" if "x-unit" in said else ""
    return f"{name} ({said['type']}, {default}): {said['description']}{unit}"


def catalogue() -> list[dict[str, Any]]:
    """Every fault: name, `on`, `when`, what it does in one sentence, and its `fields`."""
    return [
        {
            "fault": name,
            "on": list(kind.on),
            "when": list(kind.when),
            "summary": str(inspect.getdoc(kind)).partition("\n")[0],
            "fields": settings_of(kind),
        }
        for name, kind in known().items()
    ]
