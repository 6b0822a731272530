"""The faults that a scenario may ask for: where each can be, and which keys it has.

The simulators own the list (`GET /control/faults`); a test holds this one against it. In a scenario for several
providers `any.send` and its like name what each of them calls otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_harness.scenario.model import ANY
from sendproof_harness.scenario.values import parse_duration, to_milliseconds

CALL, WEBHOOK = "call", "webhook"

#: The keys that every fault has.
COMMON_KEYS = ("fault", CALL, WEBHOOK, "where", "nth", "times", "when")
KILL = "kill"
# Lengths of virtual time: words in a file, milliseconds on the wire.
DURATION_KEYS = frozenset({"by", "spread", "within", "down"})
_BEFORE_AND_AFTER = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One fault: on what it can strike, when (the first is the default), and its own keys."""

    on: tuple[str, ...] = (CALL,)
    when: tuple[str, ...] = _BEFORE_AND_AFTER
    keys: tuple[str, ...] = ()


KINDS: Mapping[str, FaultKind] = {
    "status": FaultKind(keys=("status", "body", "content_type", "retry_after")),
    "rate_limited": FaultKind(when=("before",), keys=("retry_after",)),
    "unauthorized": FaultKind(when=("before",)),
    "no_response": FaultKind(keys=("seconds",)),
    "connection_reset": FaultKind(),
    "truncated_response": FaultKind(when=("after",)),
    "html_response": FaultKind(),
    "slow_response": FaultKind(when=("after",), keys=("seconds",)),
    "slow_response_timeout": FaultKind(when=("after",), keys=("seconds",)),
    "duplicate_response": FaultKind(when=("after",)),
    "drop_webhook": FaultKind(on=(WEBHOOK,), when=("before",), keys=("attempts",)),
    "duplicate_webhook": FaultKind(on=(WEBHOOK,), when=("before",), keys=("copies",)),
    "delay_webhook": FaultKind(on=(WEBHOOK,), when=("before",), keys=("by", "spread")),
    "reorder_webhook": FaultKind(on=(WEBHOOK,), when=("before",), keys=("behind", "within")),
    KILL: FaultKind(on=(CALL, WEBHOOK), keys=("down", "within_s")),
}

#: What `any` stands for, by the provider.
CALLS: Mapping[str, Mapping[str, str]] = {
    "send": {"textlocal": "bulk_json", "xtremepush": "execute_campaign", "delivyr": "sendSms"},
    "templates": {"textlocal": "get_templates", "xtremepush": "list_campaign", "delivyr": "listTemplates"},
}
WEBHOOKS: Mapping[str, Mapping[str, str]] = {
    "receipt": {"textlocal": "receipt", "xtremepush": "message_delivery", "delivyr": "delivered"},
}


def parse_fault(content: Mapping[str, object], provider: str | None) -> dict[str, object]:
    """The entry as the control API takes it, for one provider if there are several."""
    entry = {
        key: to_milliseconds(parse_duration(str(value))) if key in DURATION_KEYS else value
        for key, value in content.items()
    }
    for axis in {CALL, WEBHOOK} & entry.keys():
        entry[axis] = resolve_target(axis, str(entry[axis]), provider)
    return entry


def resolve_target(axis: str, target: str, provider: str | None) -> str:
    """`any.send` as `textlocal.bulk_json`; whatever is no such name, and everything without a provider, as it is."""
    service, _, name = target.partition(".")
    names = (CALLS if axis == CALL else WEBHOOKS).get(name, {})
    if service != ANY or provider is None or provider not in names:
        return target
    return f"{provider}.{names[provider]}"


def generalize_target(axis: str, target: str, provider: str | None) -> str:
    """`textlocal.bulk_json` as `any.send`, if textlocal is the provider that stands for `any`; else as it is."""
    names = CALLS if axis == CALL else WEBHOOKS
    for name, called in names.items():
        if provider is not None and target == f"{provider}.{called.get(provider)}":
            return f"{ANY}.{name}"
    return target
