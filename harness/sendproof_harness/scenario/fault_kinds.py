"""The kinds of faults in a scenario file: the targets, moments and keys of each.

`fault_kinds.json` is generated from the simulators, which define the faults; `make docs` updates it. In a scenario for
several providers, `any.send` and similar targets mean the operation or event of each provider.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.providers.record import Provider
from sendproof_harness.scenario.model import ANY
from sendproof_harness.scenario.values import parse_duration, to_milliseconds

CALL, WEBHOOK = "call", "webhook"
#: Between operations that a bridge may choose from.
SEPARATOR = "|"
KILL = "kill"
FORGED = "forged_webhook"

#: The keys that every fault can have.
COMMON_KEYS = ("fault", CALL, WEBHOOK, "where", "nth", "times", "when")

KINDS_FILE = Path(__file__).with_name("fault_kinds.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind of fault: its targets, its moments (the first is the default), and its own keys.

    `durations` are the keys with a length of virtual time: text in a file, milliseconds in the control API.
    """

    on: tuple[str, ...]
    when: tuple[str, ...]
    keys: tuple[str, ...]
    durations: tuple[str, ...]


def _read_kinds() -> dict[str, FaultKind]:
    content = json.loads(KINDS_FILE.read_text(encoding="utf-8"))
    return {name: FaultKind(**{key: tuple(values) for key, values in kind.items()}) for name, kind in content.items()}


KINDS: Mapping[str, FaultKind] = _read_kinds()
DURATION_KEYS = frozenset(key for kind in KINDS.values() for key in kind.durations)


def _send_names(record: Provider) -> str | None:
    """Return all operations that send, the usual one first: a bridge may choose between them."""
    if record.send_operation is None:
        return None
    return SEPARATOR.join([record.send_operation, *sorted(record.other_send_operations)])


_TargetName = Callable[[Provider], str | None]
#: The names after `any.`, and the operations of a provider that each means.
CALLS: Mapping[str, _TargetName] = {
    "send": _send_names,
    "templates": lambda record: record.template_operation,
}
#: The names after `any.`, and the event of a provider that each means.
WEBHOOKS: Mapping[str, _TargetName] = {
    "receipt": lambda record: record.receipt_event,
    "failure": lambda record: record.failure_event,
}


def parse_fault(content: Mapping[str, object], provider: str | None) -> dict[str, object]:
    """Return a fault of a file in the form of the control API; `provider` replaces `any`."""
    fault = {
        key: to_milliseconds(parse_duration(str(value))) if key in DURATION_KEYS else value
        for key, value in content.items()
    }
    for axis in {CALL, WEBHOOK} & fault.keys():
        fault[axis] = resolve_target(axis, str(fault[axis]), provider)
    return fault


def resolve_target(axis: str, target: str, provider: str | None) -> str:
    """Return the target with `provider` in place of `any`: `any.send` becomes `PROVIDER.OPERATION`.

    All other targets, and all targets without a provider, are returned unchanged.
    """
    service, _, alias = target.partition(".")
    name = _target_name(axis, alias, provider)
    return target if service != ANY or name is None else f"{provider}.{name}"


def generalize_target(axis: str, target: str, provider: str | None) -> str:
    """Return the target with `any` in place of `provider`: `PROVIDER.OPERATION` becomes `any.send`."""
    for alias in CALLS if axis == CALL else WEBHOOKS:
        name = _target_name(axis, alias, provider)
        if name is not None and target == f"{provider}.{name}":
            return f"{ANY}.{alias}"
    return target


def _target_name(axis: str, alias: str, provider: str | None) -> str | None:
    """Return the operations or the event of the provider that an alias means, or None."""
    name_of = (CALLS if axis == CALL else WEBHOOKS).get(alias)
    return None if name_of is None or provider is None else name_of(provider_record(provider))
