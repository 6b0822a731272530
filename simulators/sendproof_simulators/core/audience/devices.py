"""The devices and browsers of customers, to which push notifications go: drawn from the seed for each customer.

documented: an app creates a device at its first start, subscribed by default; a user who forbids notifications in the
settings of the phone makes it unaddressable (https://docs.xtremepush.com/docs/push-subscription), and an app that was
removed makes it unregistered (https://docs.xtremepush.com/reference/push-list-device). assumed: how often each happens,
and that a browser that subscribed to web push notifications is a device of the platform web.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.audience.groups import REFUSED, Groups, check_groups
from sendproof_simulators.core.randomness import KeyedRandom

# What a customer has, instead of one addressable device.
NONE, SEVERAL, NEW_TOKEN, UNUSABLE, UNSUBSCRIBED = "none", "several", "new_token", "unusable", "unsubscribed"
ONE = "one"
#: The shares that a recipe can give. All other customers have one device.
DEVICE_GROUPS = (NONE, SEVERAL, NEW_TOKEN, UNUSABLE, UNSUBSCRIBED, REFUSED)
#: The same for browsers: the client's records have no subscription of a browser that could be out of date.
BROWSER_GROUPS = (NONE, SEVERAL, UNUSABLE, UNSUBSCRIBED, REFUSED)
DEVICES, BROWSERS = "devices", "browsers"

ADDRESSABLE, UNADDRESSABLE, UNREGISTERED = "addressable", "unaddressable", "unregistered"

_TOKEN_LENGTH = 32
# Three devices: two to which a message goes, and one that does not accept notifications.
_STATES: Mapping[str, tuple[str, ...]] = {
    NONE: (),
    ONE: (ADDRESSABLE,),
    NEW_TOKEN: (ADDRESSABLE,),
    UNSUBSCRIBED: (ADDRESSABLE,),
    REFUSED: (ADDRESSABLE,),
    SEVERAL: (ADDRESSABLE, ADDRESSABLE, UNADDRESSABLE),
    UNUSABLE: (UNREGISTERED,),
}
_PLATFORMS: Mapping[str, tuple[str, ...]] = {DEVICES: ("android", "ios"), BROWSERS: ("web",)}
_GROUPS: Mapping[str, tuple[str, ...]] = {DEVICES: DEVICE_GROUPS, BROWSERS: BROWSER_GROUPS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One phone or tablet with the client's app, or a browser that subscribed to the client's website.

    `token` is its address at the push service of the operating system or browser.
    """

    token: str
    platform: str
    state: str

    @property
    def is_addressable(self) -> bool:
        """True if the provider can send to it."""
        return self.state == ADDRESSABLE


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of all customers of an audience. `shares` are those of the groups, `given` the customers' own.

    `kind` is `devices` or `browsers`.
    """

    random: KeyedRandom
    shares: Mapping[str, float]
    given: Mapping[int, str]
    kind: str = DEVICES

    def group(self, index: int) -> str:
        """Return what a customer has: the given group, or one that is drawn."""
        return Groups(self.random, self.kind, _GROUPS[self.kind], ONE, self.shares, self.given).of(index)

    def of(self, index: int) -> tuple[Device, ...]:
        """Return the devices of a customer, the newest first."""
        platforms = _PLATFORMS[self.kind]
        return tuple(
            Device(token=self._token(index, place), platform=platforms[(index + place) % len(platforms)], state=state)
            for place, state in enumerate(_STATES[self.group(index)])
        )

    def is_reachable(self, index: int) -> bool:
        """Return True if a push notification can reach the customer: subscribed, with an addressable device."""
        group = self.group(index)
        return group != UNSUBSCRIBED and ADDRESSABLE in _STATES[group]

    def recorded_token(self, index: int) -> str | None:
        """Return the token in the client's records: the newest device's, an old one, or None without a device."""
        group = self.group(index)
        if group == NONE:
            return None
        return self._token(index, "old" if group == NEW_TOKEN else 0)

    def _token(self, index: int, place: object) -> str:
        name = "token" if self.kind == DEVICES else "subscription"
        return self.random.token(_TOKEN_LENGTH, "audience", name, index, place)


def check_devices(
    shares: Mapping[str, float] | None, given: Mapping[int, str], *, has_consent: bool, kind: str = DEVICES
) -> None:
    """Raise `ValueError` for impossible devices, or browsers; the parameters are those of `check_groups`."""
    check_groups(kind, _GROUPS[kind], ONE, shares, given, has_consent=has_consent)
