"""The kinds of faults in a scenario file: the targets, moments and keys of each.

`fault_kinds.json` is generated from the simulators, which define the faults; `make docs` updates it. In a scenario for
several providers, `any.send` and similar targets stand for the operation or event of each provider.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.scenario.model import ANY
from sendproof_harness.scenario.values import parse_duration, to_milliseconds

CALL, WEBHOOK = "call", "webhook"
KILL = "kill"

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

#: By name after `any.`: the operation of each provider.
CALLS: Mapping[str, Mapping[str, str]] = {
    "send": {"textlocal": "bulk_json", "xtremepush": "execute_campaign", "delivyr": "sendSms"},
    "templates": {"textlocal": "get_templates", "xtremepush": "list_campaign", "delivyr": "listTemplates"},
}
#: By name after `any.`: the event of each provider.
WEBHOOKS: Mapping[str, Mapping[str, str]] = {
    "receipt": {"textlocal": "receipt", "xtremepush": "message_delivery", "delivyr": "delivered"},
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
    """Return `any.send` as `textlocal.bulk_json`. Other targets are unchanged, and all are without a provider."""
    service, _, name = target.partition(".")
    names = (CALLS if axis == CALL else WEBHOOKS).get(name, {})
    if service != ANY or provider is None or provider not in names:
        return target
    return f"{provider}.{names[provider]}"


def generalize_target(axis: str, target: str, provider: str | None) -> str:
    """Return `textlocal.bulk_json` as `any.send` if `provider` is textlocal; other targets are unchanged."""
    names = CALLS if axis == CALL else WEBHOOKS
    for name, provider_names in names.items():
        if provider is not None and target == f"{provider}.{provider_names.get(provider)}":
            return f"{ANY}.{name}"
    return target
