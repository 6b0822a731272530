"""The definition of a fault: a frozen dataclass with settings as fields and one method. `known()` finds all.

Settings are typed with msgspec's `Meta`. The control API, the command line and the documents read limits and
descriptions from there.
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

# What the client gets of the service's response: nothing readable, another response, or the original.
LOST, ALTERED, INTACT = "lost", "altered", "intact"

#: Builds a refusal in the service's own form from a problem kind, an HTTP status and a detail.
Refuse = Callable[[str, int, str], Response]
#: `draw(n)` returns a number from 0 to n - 1, the same in every run with one seed.
Draw = Callable[[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultedResponse:
    """A response after a fault. `result` is lost, altered or intact; `transmission` says how it is written."""

    response: Response
    result: str
    transmission: Transmission = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFaultPlan:
    """The changes that a fault makes to the delivery of one webhook.

    It is sent `copies` more times, `delay_ms` late, its first `dropped` attempts are lost, and it waits until
    `overtaken_by` later webhooks have been sent, at most `within_ms`. Times are on the sandbox's clock. If it is
    `forged`, forged copies are sent too; `secret` is the part of the URL that they lack, and `other_secret` that of
    another client.
    """

    copies: int = 0
    delay_ms: int = 0
    dropped: int = 0
    overtaken_by: int = 0
    within_ms: int = 0
    forged: bool = False
    secret: str = ""
    other_secret: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The settings of one fault. `on` are its possible targets, `when` its possible moments; the first is the default.

    Moments are relative to the effect of the call or webhook.
    """

    on: ClassVar[tuple[str, ...]]
    when: ClassVar[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class CallFault(Fault, ABC):
    """A fault in a call of the bridge."""

    on: ClassVar[tuple[str, ...]] = (CALL,)
    when: ClassVar[tuple[str, ...]] = (BEFORE, AFTER)

    @abstractmethod
    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        """Return the response that replaces `original`, which has no content if the service was not called."""


@dataclass(frozen=True, kw_only=True)
class WebhookFault(Fault, ABC):
    """A fault in a webhook on its way to the bridge."""

    on: ClassVar[tuple[str, ...]] = (WEBHOOK,)
    when: ClassVar[tuple[str, ...]] = (BEFORE,)

    @abstractmethod
    def plan(self, draw: Draw) -> WebhookFaultPlan:
        """Return the changes to the delivery of one webhook."""


@dataclass(frozen=True, kw_only=True)
class BridgeFault(Fault, ABC):
    """A fault in the bridge itself. The harness, which started the bridge, causes it; the exchange waits for that."""

    on: ClassVar[tuple[str, ...]] = (CALL, WEBHOOK)
    when: ClassVar[tuple[str, ...]] = (BEFORE, AFTER)

    within_s: float
    down: int

    @abstractmethod
    def instructions(self) -> Mapping[str, object]:
        """Return the fields with the instructions for the harness."""


@cache
def known() -> Mapping[str, type[Fault]]:
    """Return every fault by its name, which is the name of its file."""
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    return MappingProxyType({name: _fault_class(name) for name in names})


def _fault_class(name: str) -> type[Fault]:
    module = importlib.import_module(f"{kinds.__name__}.{name}")
    classes = [item for item in vars(module).values() if inspect.isclass(item) and item.__module__ == module.__name__]
    (fault,) = [cls for cls in classes if issubclass(cls, Fault)]
    return fault


def name_of(fault: Fault) -> str:
    """Return the name of a fault, which is the name of its file."""
    return type(fault).__module__.rpartition(".")[2]


def settings_of(kind: type[Fault]) -> dict[str, dict[str, Any]]:
    """Return the settings of a kind of fault: by name, JSON Schema with `description` and `default`."""
    properties = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return {field.name: {**properties[field.name], "default": field.default} for field in fields(kind)}


def summary(name: str, field: Mapping[str, Any]) -> str:
    """Return one setting in one line: `seconds (number, 60.0): real seconds until the connection is closed`."""
    # The schema of an optional setting has two alternatives; the second is null.
    schema = field["anyOf"][0] if "anyOf" in field else field
    default = {None: "none", "": "empty"}.get(field["default"], field["default"])
    unit = f", in {schema['x-unit']}" if "x-unit" in schema else ""
    return f"{name} ({schema['type']}, {default}): {schema['description']}{unit}"


def catalogue() -> list[dict[str, Any]]:
    """Return every fault as JSON: name, `on`, `when`, a `summary` of one sentence, and its `fields`."""
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
