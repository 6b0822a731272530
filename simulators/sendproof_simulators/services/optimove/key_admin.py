"""API keys in the control API: created, disabled, enabled, rotated and changed, as a client's admin does on a website.

The rights of the user of the legacy login are changed like those of a key with the name `login`.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso, parse_iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Keys, SandboxContext
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.services.optimove.auth import (
    DEFAULT_CLIENT,
    LOGIN,
    ApiKey,
    check_access_type,
    key_json,
    new_key,
)
from sendproof_simulators.services.optimove.state import State

_NEW_KEY_MEMBERS = frozenset({"name", "client", "access", "functions", "channels", "attributes"})
_ACTIONS = frozenset({"enabled", "rotate", "access"})
_CHANGE_MEMBERS = _ACTIONS | {"at"}


def _list_keys(state: State, now: Instant) -> list[dict[str, object]]:
    login = state.credentials.login_key()
    rights = [] if login is None else [{**key_json(login, now), "name": LOGIN}]
    return [*(_key_json(state, name, now) for name in state.credentials.keys), *rights]


def _create_key(
    context: SandboxContext, state: State, now: Instant, requested: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    """Create a key with the requested name, client, access type and scopes."""
    _check_members(requested, _NEW_KEY_MEMBERS)
    name = requested.get("name") or f"key-{len(state.credentials.keys) + 1}"
    if name == LOGIN:
        raise ValueError(f"expected a key name that is not taken, got {name!r}, the name of the user's rights")
    key = new_key(context, name, requested.get("client", DEFAULT_CLIENT), requested)
    state.credentials.add_key(key, _new_key_value(context, name, 0))
    return _key_json(state, name, now), Effects(entries=(_key_entry(name, "created"),))


def _change_key(
    context: SandboxContext, state: State, now: Instant, name: str, requested: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    """Disable (`enabled` false), enable or rotate (`rotate` true) a key, or give it another access type.

    `at` (default: now) ends the old value.
    """
    _check_members(requested, _CHANGE_MEMBERS)
    known = (*state.credentials.keys, LOGIN)
    if name not in known:
        raise KeyError(f"no key is named {name!r}; {suggestion(name, known)}")
    if len(requested.keys() & _ACTIONS) != 1:
        raise ValueError(f"expected one of {', '.join(sorted(_ACTIONS))}")
    at = parse_iso(requested["at"]) if "at" in requested else now
    if "rotate" in requested:
        entry = _rotate(context, state, name, at, is_wanted=requested["rotate"])
    else:
        entry = _change_rights(_key_to_change(state, name), requested, at)
    return _key_json(state, name, now), Effects(entries=(entry,))


def _rotate(context: SandboxContext, state: State, name: str, at: Instant, *, is_wanted: bool) -> JournalEntry:
    if name == LOGIN:
        raise ValueError("expected a key to rotate; a login has a password, which never changes")
    if not is_wanted:
        raise ValueError("expected `rotate` to be true, got false")
    key = state.credentials.keys[name]
    key.rotations += 1
    state.credentials.rotate(name, _new_key_value(context, name, key.rotations), at)
    return _key_entry(name, "rotated", at)


def _change_rights(key: ApiKey, requested: Mapping[str, Any], at: Instant) -> JournalEntry:
    if "access" in requested:
        check_access_type(requested["access"])
        key.access_type = requested["access"]
        return _key_entry(key.name, "changed")
    key.disabled_at = None if requested["enabled"] else at
    return _key_entry(key.name, "enabled") if requested["enabled"] else _key_entry(key.name, "disabled", at)


def _key_to_change(state: State, name: str) -> ApiKey:
    return state.credentials.separate_login() if name == LOGIN else state.credentials.keys[name]


def _key_json(state: State, name: str, now: Instant) -> dict[str, object]:
    """Return the control API's JSON of a key with its value, or of the rights of the user."""
    if name == LOGIN:
        return key_json(state.credentials.separate_login(), now)
    return {**key_json(state.credentials.keys[name], now), "key": state.credentials.current_value(name)}


def _check_members(requested: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(requested.keys() - names)
    if unknown:
        raise ValueError(f"expected members of {', '.join(sorted(names))}, got {', '.join(unknown)}")


def _new_key_value(context: SandboxContext, name: str, rotation: int) -> str:
    # The sandbox's own key is part of the draw, because two sandboxes with one seed must not share a key.
    own = context.credentials["optimove"]["api_key"]
    return context.random.token(40, "optimove", "key", own, name, rotation)


def _key_entry(name: str, action: str, valid_until: Instant | None = None) -> JournalEntry:
    ends = None if valid_until is None else iso(valid_until)
    return JournalEntry(kind="key", fields={"service": "optimove", "name": name, "action": action, "valid_until": ends})


KEYS = Keys(all=_list_keys, create=_create_key, change=_change_key)
