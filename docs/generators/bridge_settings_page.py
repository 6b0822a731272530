"""`reference/bridge-settings.md`: the settings of the reference bridge, from the tables that check them."""

import json
from collections.abc import Iterator

from sendproof_bridge.config import BRIDGE, CHANNEL, CLIENT
from sendproof_bridge.config_fields import REQUIRED, Check, Setting, SettingError, Settings, one_of
from sendproof_bridge.outbound.providers import providers
from tables import table

_HEAD = """# Bridge settings

This page lists every setting in the TOML file of `sendproof-bridge`. The bridge reports all unknown settings, missing
settings and wrong values at once. `${NAME}` stands for an environment variable; use it for every secret. Paths are
relative to the file. [The reference bridge](../../bridge/README.md) has an example and explains its behaviour.
"""

_PROVIDER = Setting(one_of(sorted(providers())), "The message provider. Its own settings are in the same section.")
# No check accepts either value, so the error message of a check contains the expected value.
_INVALID_VALUES = ("\0", None)


def page() -> str:
    """Return the page: a table for each section of the file, and one for each provider."""
    sections = {"bridge": BRIDGE, "clients": CLIENT, "clients.channels": {"provider": _PROVIDER, **CHANNEL}}
    heads = {"bridge": "`[bridge]`", "clients": "`[[clients]]`", "clients.channels": "`[[clients.channels]]`"}
    parts = [_HEAD, *(line for name, settings in sections.items() for line in _section_lines(heads[name], settings))]
    for provider, settings in sorted(providers().items()):
        parts += _section_lines(f'`[[clients.channels]]` with `provider = "{provider}"`', settings)
    return "\n".join(parts)


def _section_lines(title: str, settings: Settings) -> Iterator[str]:
    yield f"## {title}\n"
    yield table(("setting", "value", "default", "meaning"), (_row(name, setting) for name, setting in settings.items()))


def _row(name: str, setting: Setting) -> tuple[str, ...]:
    return (f"`{name}`", _expected(setting.check), _default(setting.default), setting.description)


def _default(value: object) -> str:
    if value is REQUIRED:
        return "required"
    return "" if value is None else f"`{json.dumps(value)}`"


def _expected(check: Check) -> str:
    """Return the expected value, from the error message of the check."""
    for value in _INVALID_VALUES:
        try:
            check(value)
        except SettingError as error:
            return str(error).removeprefix("expected ").partition(" (")[0]
    raise AssertionError(f"expected {check} to refuse {_INVALID_VALUES}, got no error")
