"""`reference/bridge-settings.md`: the settings of the reference bridge, from the tables that check them."""

import json
from collections.abc import Iterator

from sendproof_bridge.config import BRIDGE, CHANNEL, CLIENT
from sendproof_bridge.config_fields import REQUIRED, Check, Setting, SettingError, Settings, one_of
from sendproof_bridge.outbound.providers import providers
from tables import table

_HEAD = """# The settings of the reference bridge

For who runs `sendproof-bridge`: every setting of its TOML file. Unknown settings, missing ones and wrong values are
errors, all told at once. `${NAME}` stands for an environment variable, and should be used for every secret. Paths are
relative to the file. An example, and what the bridge does with it all: [the reference bridge](../../bridge/README.md).
"""

_PROVIDER = Setting(
    one_of(sorted(providers())), "Who carries the messages; its own settings stand in the same section."
)
# No setting may be either: what a check says of it tells what it expects.
_NEVER_RIGHT = ("\0", None)


def page() -> str:
    """A table for each section of the file, and one for each provider."""
    sections = {"bridge": BRIDGE, "clients": CLIENT, "clients.channels": {"provider": _PROVIDER, **CHANNEL}}
    heads = {"bridge": "`[bridge]`", "clients": "`[[clients]]`", "clients.channels": "`[[clients.channels]]`"}
    parts = [_HEAD, *(line for name, some in sections.items() for line in _section(heads[name], some))]
    for provider, own in sorted(providers().items()):
        parts += _section(f'`[[clients.channels]]` with `provider = "{provider}"`', own)
    return "\n".join(parts)


def _section(title: str, some: Settings) -> Iterator[str]:
    yield f"## {title}\n"
    yield table(("setting", "value", "default", "meaning"), (_row(name, one) for name, one in some.items()))


def _row(name: str, setting: Setting) -> tuple[str, ...]:
    return (f"`{name}`", _expected(setting.check), _default(setting.default), setting.description)


def _default(value: object) -> str:
    if value is REQUIRED:
        return "required"
    return "" if value is None else f"`{json.dumps(value)}`"


def _expected(check: Check) -> str:
    """What a check says that it expects."""
    for value in _NEVER_RIGHT:
        try:
            check(value)
        except SettingError as wrong:
            return str(wrong).removeprefix("expected ").partition(" (")[0]
    raise AssertionError(f"{check} takes anything")
