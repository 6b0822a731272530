"""The faults that a scenario may ask for: where each can be, and which keys it has.

The simulators own the list (`GET /control/faults`); a test holds this one against it. In a scenario for several
providers `any.send` and its like name what each of them calls otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sendproof_harness.providers import provider as record_of
from sendproof_harness.providers.record import Provider
from sendproof_harness.scenario.model import ANY
from sendproof_harness.scenario.values import duration_of, milliseconds

CALL, WEBHOOK = "call", "webhook"

#: The keys that every fault has.
COMMON = ("fault", CALL, WEBHOOK, "where", "nth", "times", "when")
KILL = "kill"
# Lengths of virtual time: words in a file, milliseconds on the wire.
LENGTHS = frozenset({"by", "spread", "within", "down"})
_BEFORE_AND_AFTER = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One fault: on what it can strike, when (the first is the default), and its own keys."""

    on: tuple[str, ...] = (CALL,)
    when: tuple[str, ...] = _BEFORE_AND_AFTER
    keys: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "status": Kind(keys=("status", "body", "content_type", "retry_after")),
    "rate_limited": Kind(when=("before",), keys=("retry_after",)),
    "unauthorized": Kind(when=("before",)),
    "no_response": Kind(keys=("seconds",)),
    "connection_reset": Kind(),
    "truncated_response": Kind(when=("after",)),
    "html_response": Kind(),
    "slow_response": Kind(when=("after",), keys=("seconds",)),
    "slow_response_timeout": Kind(when=("after",), keys=("seconds",)),
    "duplicate_response": Kind(when=("after",)),
    "drop_webhook": Kind(on=(WEBHOOK,), when=("before",), keys=("attempts",)),
    "duplicate_webhook": Kind(on=(WEBHOOK,), when=("before",), keys=("copies",)),
    "delay_webhook": Kind(on=(WEBHOOK,), when=("before",), keys=("by", "spread")),
    "reorder_webhook": Kind(on=(WEBHOOK,), when=("before",), keys=("behind", "within")),
    KILL: Kind(on=(CALL, WEBHOOK), keys=("down", "within_s")),
}

_Alias = Callable[[Provider], str | None]
#: The names after `any.`, with the operation or event of a provider that each means.
CALLS: Mapping[str, _Alias] = {
    "send": lambda record: record.send_operation,
    "templates": lambda record: record.template_operation,
}
WEBHOOKS: Mapping[str, _Alias] = {"receipt": lambda record: record.receipt_event}


def fault_of(content: Mapping[str, object], provider: str | None) -> dict[str, object]:
    """The entry as the control API takes it, for one provider if there are several."""
    entry = {key: milliseconds(duration_of(str(value))) if key in LENGTHS else value for key, value in content.items()}
    for axis in {CALL, WEBHOOK} & entry.keys():
        entry[axis] = target_of(axis, str(entry[axis]), provider)
    return entry


def target_of(axis: str, target: str, provider: str | None) -> str:
    """Return the target in which the provider replaces `any`: `any.send` becomes `textlocal.send`.

    Every other target, and every target without a provider, is returned unchanged.
    """
    service, _, alias = target.partition(".")
    name = _name_of(axis, alias, provider)
    return target if service != ANY or name is None else f"{provider}.{name}"


def general(axis: str, target: str, provider: str | None) -> str:
    """Return the target in which `any` replaces this provider: `textlocal.send` becomes `any.send`."""
    for alias in CALLS if axis == CALL else WEBHOOKS:
        name = _name_of(axis, alias, provider)
        if name is not None and target == f"{provider}.{name}":
            return f"{ANY}.{alias}"
    return target


def _name_of(axis: str, alias: str, provider: str | None) -> str | None:
    """Return the operation or event of the provider that an alias means, None if there is none."""
    named = (CALLS if axis == CALL else WEBHOOKS).get(alias)
    return None if named is None or provider is None else named(record_of(provider))
