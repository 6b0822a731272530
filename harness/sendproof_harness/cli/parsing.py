"""Values on the command line, as values of the control API. `ValueError` names the expected form."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from sendproof_harness.handover.format import Listen
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.providers import DEFAULT_PROVIDER

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"([0-9]{1,9})([smhd])")
_LENGTH = re.compile(rf"({_PART.pattern})+")
_SCALAR = re.compile(r'-?[0-9]+(\.[0-9]+)?|true|false|".*"', re.DOTALL)
# A thousand years: the time of a sandbox ends with the year 2999.
_LONGEST = 365_000 * DAY
_LAST_PORT = 65_535
#: Channels as the options take them.
CHANNEL_EXAMPLES = f"505={DEFAULT_PROVIDER} or 250={DEFAULT_PROVIDER}:triggered"
_NAMED = "expected name=value such as page=/offers"


@contextmanager
def of_option(option: str) -> Iterator[None]:
    """Let a `ValueError` of the block name the option."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def length(text: str) -> int:
    """Return a length of time, such as 90s, 15m, 2h, 7d or 1h30m, in milliseconds."""
    if _LENGTH.fullmatch(text) is None:
        raise ValueError(f"expected a length of time such as 90s, 15m, 2h or 7d, got {text!r}")
    found = sum(int(amount) * _UNITS[unit] for amount, unit in _PART.findall(text))
    if found > _LONGEST:
        raise ValueError(f"expected a length of time of at most {_LONGEST // DAY:,}d, got {text!r}")
    return found


def instant(text: str, now: Callable[[], str]) -> str:
    """Return an instant with its zone, or a length of time from now (`+2h`), in ISO 8601.

    `now` returns the time of the sandbox.
    """
    if text.startswith("+"):
        return iso(parse_instant(now()) + length(text[1:]))
    try:
        return iso(parse_instant(text))
    except ValueError as error:
        raise ValueError(f"{error}, or a length of time from now such as +2h") from None


def parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Return parameters such as `page=/offers` and `amount=12.5` by name.

    Numbers, `true` and `false` get their type. Other values and quoted values are text.
    """
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise ValueError(f"{_NAMED}, got {name!r}")
    return {name: _value(text) for name, _, text in pairs}


def named_texts(option: str, texts: Iterable[str]) -> dict[str, str]:
    """Return the texts of an option such as `NAME=VALUE` by name."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not name or not equals:
            raise ValueError(f"{option}: expected NAME=VALUE, got {name + value!r}")
    return {name: value for name, _, value in pairs}


def listen_address(text: str) -> Listen:
    """Return the address at which a bridge listens, such as `127.0.0.1:9000` or `[::1]:9000`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise ValueError(f"--listen: expected HOST:PORT such as 127.0.0.1:9000, got {text!r}")
    return Listen(host=host.removeprefix("[").removesuffix("]"), port=int(port))


def channel(text: str) -> dict[str, Any]:
    """Return a channel of a sandbox: `505=PROVIDER`, or `250=PROVIDER:triggered`."""
    number, _, rest = text.partition("=")
    provider, _, kind = rest.partition(":")
    if not number.isdecimal() or not provider:
        raise ValueError(f"--channel: expected {CHANNEL_EXAMPLES}, got {text!r}")
    return {"id": int(number), "provider": provider, "kind": kind or "scheduled"}


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text) if _SCALAR.fullmatch(text) else text
    except msgspec.DecodeError:
        return text


def splits(templates: list[str], shares: list[float], times: list[str], groups: list[int]) -> list[dict[str, Any]]:
    """Return the splits of a campaign: equal shares without `shares`, and one time for all templates or for each.

    Without `groups`, all templates are for group 1.
    """
    for option, values in (("--share", shares), ("--group", groups)):
        if values and len(values) != len(templates):
            raise ValueError(f"expected one {option} for each of {len(templates)} --template, got {len(values)}")
    if len(templates) == 1 and shares not in ([], [1]):
        raise ValueError(
            f"--share: one --template goes to all customers, so expected 1, got {shares[0]:g}; "
            "for customers who get nothing, use --control-group"
        )
    if len(times) not in {1, len(templates)}:
        raise ValueError(f"expected one --send-at, or one for each of {len(templates)} --template, got {len(times)}")
    all_shares = shares or [1 / len(templates)] * len(templates)
    all_times = times if len(times) == len(templates) else times * len(templates)
    all_groups = [{"group": group} for group in groups] or [{}] * len(templates)
    return [
        {"share": share, "template": template, "send_at": send_at, **group}
        for template, share, send_at, group in zip(templates, all_shares, all_times, all_groups, strict=True)
    ]
