"""How the control API makes keys of a sandbox, disables and rotates them: what a client's admin does on a website."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso, parse_iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Keys, SandboxContext
from sendproof_simulators.services.optimove.auth import ACCESS_TYPES, FIRST_CLIENT, INTEGRATIONS, ApiKey, host_of, view
from sendproof_simulators.services.optimove.state import State

_WANTED = frozenset({"name", "client", "access", "functions", "channels", "attributes"})
_ACTIONS = frozenset({"enabled", "rotate", "at"})


def _all(state: State, now: Instant) -> list[dict[str, object]]:
    return [_view(state, name, now) for name in state.access.keys]


def _make(
    context: SandboxContext, state: State, now: Instant, wanted: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    _check(wanted, _WANTED)
    name = wanted.get("name") or f"key-{len(state.access.keys) + 1}"
    client = wanted.get("client", FIRST_CLIENT)
    attributes = _scope(wanted, "attributes", str)
    key = ApiKey(
        name=name,
        client=client,
        host=host_of(context, client),
        access=wanted.get("access", INTEGRATIONS),
        functions=_scope(wanted, "functions", str),
        channels=_scope(wanted, "channels", int),
        attributes=None if attributes is None else frozenset(one.lower() for one in attributes),
    )
    if key.access not in ACCESS_TYPES:
        raise ValueError(f"expected access to be one of {', '.join(ACCESS_TYPES)}, got {key.access!r}")
    state.access.add(key, _drawn(context, name, 0))
    return _view(state, name, now), Effects(entries=(_fact(name, "created"),))


def _change(
    context: SandboxContext, state: State, now: Instant, name: str, wanted: Mapping[str, Any]
) -> tuple[dict[str, object], Effects]:
    """Disable (`enabled` false), enable, or rotate (`rotate` true); the old way ends `at` an instant, else now."""
    _check(wanted, _ACTIONS)
    if name not in state.access.keys:
        raise KeyError(f"no key is named {name!r}; there are: {', '.join(state.access.keys)}")
    if ("enabled" in wanted) == ("rotate" in wanted):
        raise ValueError("expected either `enabled` or `rotate`")
    key, at = state.access.keys[name], parse_iso(wanted["at"]) if "at" in wanted else now
    if wanted.get("rotate"):
        key.rotations += 1
        state.access.rotate(name, _drawn(context, name, key.rotations), at)
        return _view(state, name, now), Effects(entries=(_fact(name, "rotated", at),))
    if "rotate" in wanted:
        raise ValueError("expected `rotate` to be true, got false")
    key.ends = None if wanted["enabled"] else at
    entry = _fact(name, "enabled") if wanted["enabled"] else _fact(name, "disabled", at)
    return _view(state, name, now), Effects(entries=(entry,))


def _view(state: State, name: str, now: Instant) -> dict[str, object]:
    return {**view(state.access.keys[name], now), "key": state.access.value_of(name)}


def _check(wanted: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(wanted.keys() - names)
    if unknown:
        raise ValueError(f"expected members of {', '.join(sorted(names))}, got {', '.join(unknown)}")


def _scope(wanted: Mapping[str, Any], name: str, of: type) -> frozenset[Any] | None:
    values = wanted.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, of) for value in values):
        raise ValueError(f"expected {name} to be a list of {'numbers' if of is int else 'texts'}, got {values!r}")
    return frozenset(values)


def _drawn(context: SandboxContext, name: str, rotation: int) -> str:
    # The key of the sandbox itself is part of the draw: two sandboxes with one seed must not share a key.
    own = context.credentials["optimove"]["api_key"]
    return context.random.token(40, "optimove", "key", own, name, rotation)


def _fact(name: str, action: str, ends: Instant | None = None) -> JournalEntry:
    fields = {"service": "optimove", "name": name, "action": action, "valid_until": None if ends is None else iso(ends)}
    return JournalEntry(kind="key", fields=fields)


KEYS = Keys(all=_all, make=_make, change=_change)
