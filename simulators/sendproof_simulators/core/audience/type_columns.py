"""The attributes of customers that only types of messages other than SMS need: devices, and consent to each type."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sendproof_simulators.core.audience.addresses import Addresses
from sendproof_simulators.core.audience.devices import Devices
from sendproof_simulators.core.audience.groups import REFUSED

PUSH_CONSENT, PUSH_TOKEN, EMAIL_CONSENT = "PUSH_OPT_IN", "PUSH_TOKEN", "EMAIL_OPT_IN"
WEB_PUSH_CONSENT = "WEB_PUSH_OPT_IN"

_Shares = Mapping[str, float] | None


class _Recipe(Protocol):
    @property
    def devices(self) -> _Shares: ...
    @property
    def browsers(self) -> _Shares: ...
    @property
    def addresses(self) -> _Shares: ...


class _Audience(Protocol):
    devices: Devices | None
    browsers: Devices | None
    addresses: Addresses | None


class _People(Protocol):
    @property
    def audience(self) -> _Audience: ...
    @property
    def indices(self) -> range: ...


_Column = Callable[[_People], list[str | None]]


def type_columns(recipe: _Recipe) -> Mapping[str, _Column]:
    """Return the columns by usual name: without an app, no customer has a device."""
    of_devices = {PUSH_CONSENT: _push_consents, PUSH_TOKEN: _push_tokens}
    of_browsers = {WEB_PUSH_CONSENT: _web_push_consents}
    of_addresses = {EMAIL_CONSENT: _email_consents}
    return {
        **({} if recipe.devices is None else of_devices),
        **({} if recipe.browsers is None else of_browsers),
        **({} if recipe.addresses is None else of_addresses),
    }


def recorded_addresses(people: _People, addresses: Sequence[str]) -> list[str | None]:
    """Return what the client's records have in place of the real e-mail addresses of consecutive customers."""
    found = people.audience.addresses
    if found is None:
        return list(addresses)
    return [found.recorded(index, address) for index, address in zip(people.indices, addresses, strict=True)]


def _push_consents(people: _People) -> list[str | None]:
    devices = people.audience.devices
    assert devices is not None  # noqa: S101 - the column belongs to audiences with devices
    return ["0" if devices.group(index) == REFUSED else "1" for index in people.indices]


def _push_tokens(people: _People) -> list[str | None]:
    devices = people.audience.devices
    assert devices is not None  # noqa: S101 - as above
    return list(map(devices.recorded_token, people.indices))


def _web_push_consents(people: _People) -> list[str | None]:
    browsers = people.audience.browsers
    assert browsers is not None  # noqa: S101 - as above
    return ["0" if browsers.group(index) == REFUSED else "1" for index in people.indices]


def _email_consents(people: _People) -> list[str | None]:
    addresses = people.audience.addresses
    assert addresses is not None  # noqa: S101 - the column belongs to audiences with addresses
    return ["0" if addresses.group(index) == REFUSED else "1" for index in people.indices]
