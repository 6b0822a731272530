"""API keys in the control API: creating, disabling, enabling and rotating, as a client's admin does on a website."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso, parse_iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Keys, SandboxContext
from sendproof_simulators.services.optimove.auth import (
    ACCESS_TYPES,
    DEFAULT_CLIENT,
    INTEGRATIONS,
    ApiKey,
    host_number,
    key_json,
)
from sendproof_simulators.services.optimove.state import State

_NEW_KEY_MEMBERS = frozenset({"name", "client", "access", "functions", "channels", "attributes"})
_CHANGE_MEMBERS = frozenset({"enabled", "rotate", "at"})


def _list_keys(state: State, now: Instant) -> list[dict[str, object]]:
    return [_key_json(state, name, now) for name in state.credentials.keys]


def _create_key(
    context: SandboxContext, state: State, now: Instant, requested: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    """Create a key with the requested name, client, access type and scopes."""
    _check_members(requested, _NEW_KEY_MEMBERS)
    name = requested.get("name") or f"key-{len(state.credentials.keys) + 1}"
    client = requested.get("client", DEFAULT_CLIENT)
    attributes = _scope(requested, "attributes", str)
    key = ApiKey(
        name=name,
        client=client,
        host_number=host_number(context, client),
        access_type=requested.get("access", INTEGRATIONS),
        functions=_scope(requested, "functions", str),
        channels=_scope(requested, "channels", int),
        attributes=None if attributes is None else frozenset(attribute.lower() for attribute in attributes),
    )
    if key.access_type not in ACCESS_TYPES:
        raise ValueError(f"expected access to be one of {', '.join(ACCESS_TYPES)}, got {key.access_type!r}")
    state.credentials.add_key(key, _new_key_value(context, name, 0))
    return _key_json(state, name, now), Effects(entries=(_key_entry(name, "created"),))


def _change_key(
    context: SandboxContext, state: State, now: Instant, name: str, requested: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    """Disable (`enabled` false), enable, or rotate (`rotate` true) a key. `at` (default: now) ends the old value."""
    _check_members(requested, _CHANGE_MEMBERS)
    if name not in state.credentials.keys:
        raise KeyError(f"no key is named {name!r}; there are: {', '.join(state.credentials.keys)}")
    if ("enabled" in requested) == ("rotate" in requested):
        raise ValueError("expected either `enabled` or `rotate`")
    key, at = state.credentials.keys[name], parse_iso(requested["at"]) if "at" in requested else now
    if requested.get("rotate"):
        key.rotations += 1
        state.credentials.rotate(name, _new_key_value(context, name, key.rotations), at)
        entry = _key_entry(name, "rotated", at)
    elif "rotate" in requested:
        raise ValueError("expected `rotate` to be true, got false")
    else:
        key.disabled_at = None if requested["enabled"] else at
        entry = _key_entry(name, "enabled") if requested["enabled"] else _key_entry(name, "disabled", at)
    return _key_json(state, name, now), Effects(entries=(entry,))


def _key_json(state: State, name: str, now: Instant) -> dict[str, object]:
    return {**key_json(state.credentials.keys[name], now), "key": state.credentials.current_value(name)}


def _check_members(requested: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(requested.keys() - names)
    if unknown:
        raise ValueError(f"expected members of {', '.join(sorted(names))}, got {', '.join(unknown)}")


def _scope(requested: Mapping[str, Any], name: str, type_: type) -> frozenset[Any] | None:
    values = requested.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, type_) for value in values):
        raise ValueError(f"expected {name} to be a list of {'numbers' if type_ is int else 'texts'}, got {values!r}")
    return frozenset(values)


def _new_key_value(context: SandboxContext, name: str, rotation: int) -> str:
    # The sandbox's own key is part of the draw, because two sandboxes with one seed must not share a key.
    own = context.credentials["optimove"]["api_key"]
    return context.random.token(40, "optimove", "key", own, name, rotation)


def _key_entry(name: str, action: str, valid_until: Instant | None = None) -> JournalEntry:
    ends = None if valid_until is None else iso(valid_until)
    return JournalEntry(kind="key", fields={"service": "optimove", "name": name, "action": action, "valid_until": ends})


KEYS = Keys(all=_list_keys, create=_create_key, change=_change_key)
