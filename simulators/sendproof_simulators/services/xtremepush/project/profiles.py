"""Profiles of users, found by the client's own id for a user, which is case-sensitive.

documented: https://docs.xtremepush.com/reference/user-profile-import (attributes, that an email or mobile number
comes with its subscription, JSON only as text) and https://docs.xtremepush.com/docs/user-profile-create (the mobile
number: country code, no +).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.devices import UNREGISTERED, UNSUBSCRIBED, Device, Devices
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code
from sendproof_simulators.core.messaging.message_types import EMAIL, PUSH, WEB_PUSH
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.xtremepush.personalization import plain_value

# documented: the country code comes first, without + and 00; ITU-T E.164 allows 15 digits.
MOBILE_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_NUMBER_RULE = "expected a number with its country code and without + or 00, such as 447123456789"
_SUBSCRIPTIONS: Mapping[str, bool] = {"0": False, "1": True, "": False}
# Nine to twelve digits, and no message id.
_LOWEST, _SPAN = 100_000_000, 899_000_000_000
_PROFILE_ID = re.compile(r"[1-9][0-9]{0,14}")

Convert = Callable[[object], object]

#: The field of a profile with the subscription to messages of a type with a title.
SUBSCRIPTION_FIELDS: Mapping[str, str] = {
    PUSH: "push_subscription",
    WEB_PUSH: "web_push_subscription",
    EMAIL: "email_subscription",
}


@dataclass(slots=True, kw_only=True)
class Profile:
    """One user. `attributes` are the custom ones.

    `push_subscription` is that of the user's devices, and `web_push_subscription` that of the browsers.
    """

    id: int
    user_id: str
    created: Instant
    email: str = ""
    email_subscription: bool = False
    mobile_number: str = ""
    sms_subscription: bool = False
    push_subscription: bool = True
    web_push_subscription: bool = True
    attributes: dict[str, object] = field(default_factory=dict)

    def is_subscribed(self, message: str) -> bool:
        """Return True if the user wants messages of this type with a title; no one can unsubscribe from the inbox."""
        name = SUBSCRIPTION_FIELDS.get(message)
        return name is None or bool(getattr(self, name))

    def system_attributes(self) -> dict[str, object]:
        """Return the attributes that every profile has."""
        return {
            "id": self.id,
            "user_id": self.user_id,
            "email": self.email,
            "email_subscription": int(self.email_subscription),
            "mobile_number": self.mobile_number,
            "sms_subscription": int(self.sms_subscription),
            "create_time": self.created // 1000,
        }

    def update(self, values: Mapping[str, object]) -> None:
        """Set attributes to values from a `RowReader`."""
        for name, value in values.items():
            if name in _SYSTEM_CONVERTERS:
                setattr(self, name, value)
            else:
                self.attributes[name] = value


class AppUsers:
    """The customers with the client's app or website, which create their profiles. Iterating yields their user ids."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def __iter__(self) -> Iterator[str]:
        audience = self._audience
        has_users = any((audience.devices, audience.browsers, audience.addresses))
        for index in range(audience.recipe.customers if has_users else 0):
            if self._is_user(index):
                yield self._audience.id_of(index)

    def __contains__(self, user: object) -> bool:
        """Return True if a user has the app, a browser that subscribed, or unsubscribed from e-mails before."""
        index = self._audience.index_of(user) if isinstance(user, str) else None
        return index is not None and self._is_user(index)

    def devices(self, user: str, message: str) -> tuple[Device, ...]:
        """Return what messages of this type to a user go to, the newest first: devices, or browsers."""
        index, devices = self._audience.index_of(user), self._of_type(message)
        return () if index is None or devices is None else devices.of(index)

    def has_inbox(self, user: str) -> bool:
        """Return True if a user has the app or a browser to read an inbox in, whether it accepts notifications or not.

        The inbox is a part of the app and of the website, so it is gone with an app that was removed.
        """
        devices = (device for message in (PUSH, WEB_PUSH) for device in self.devices(user, message))
        return any(device.state != UNREGISTERED for device in devices)

    def is_subscribed(self, user: str, message: str) -> bool:
        """Return False for a user who unsubscribed from messages of this type before the start."""
        index, devices = self._audience.index_of(user), self._of_type(message)
        return devices is None or index is None or devices.group(index) != UNSUBSCRIBED

    def _is_user(self, index: int) -> bool:
        has_device = any(devices.of(index) for message in (PUSH, WEB_PUSH) if (devices := self._of_type(message)))
        return has_device or self._has_unsubscribed_from_emails(index)

    def _has_unsubscribed_from_emails(self, index: int) -> bool:
        addresses = self._audience.addresses
        return addresses is not None and addresses.group(index) == UNSUBSCRIBED

    def unsubscribed_address(self, user: str) -> str:
        """Return the e-mail address of a user who unsubscribed from e-mails before the start, or ""."""
        index = self._audience.index_of(user)
        if index is None or not self._has_unsubscribed_from_emails(index):
            return ""
        return self._audience.values(index, [self._audience.email_attribute])[0] or ""

    def _of_type(self, message: str) -> Devices | None:
        if message == PUSH:
            return self._audience.devices
        return self._audience.browsers if message == WEB_PUSH else None

    def outcome_number(self, user: str) -> str:
        """Return a test number with the outcome of the user's messages, or "" for a drawn outcome."""
        index = self._audience.index_of(user)
        code = None if index is None else self._audience.outcome_code(index)
        return "" if code is None else number_for_code("GB", code)


class Profiles:
    """All profiles of a project. Those that unsubscribed before the start are created at the first use."""

    def __init__(
        self,
        random: KeyedRandom,
        unsubscribed: Callable[[], Iterable[tuple[str, str]]] = tuple,
        app_users: AppUsers | None = None,
    ) -> None:
        """`unsubscribed` returns the user and mobile number of each profile that unsubscribed before the start."""
        self._random = random
        self._unsubscribed = unsubscribed
        self._app_users = app_users
        self._by_id: dict[int, Profile] = {}

    @cached_property
    def _by_user(self) -> dict[str, Profile]:
        profiles = [self._new(user, 0, mobile_number=number) for user, number in self._unsubscribed()]
        self._by_id |= {profile.id: profile for profile in profiles}
        return {profile.user_id: profile for profile in profiles}

    def __iter__(self) -> Iterator[Profile]:
        for user in self._app_users or ():
            self.by_user_id(user)
        return iter(self._by_user.values())

    def by_user_id(self, user_id: str) -> Profile | None:
        """Return the profile by the client's id for the user, or None. An app has created those of its users."""
        profile = self._by_user.get(user_id)
        is_missing = profile is None and self._app_users is not None and user_id in self._app_users
        return self.get_or_create(user_id, 0) if is_missing else profile

    def by_id(self, text: str) -> Profile | None:
        """Return the profile by Xtremepush's own id, or None."""
        profiles = self._by_id if self._by_user else {}
        return profiles.get(int(text)) if _PROFILE_ID.fullmatch(text) else None

    def get_or_create(self, user_id: str, now: Instant) -> Profile:
        """Return the profile of a user, created if necessary.

        A new id is drawn from the user id, so the order of calls does not matter.
        """
        profile = self._by_user.get(user_id)
        if profile is None:
            profile = self._new(user_id, now)
            self._by_user[user_id] = self._by_id[profile.id] = profile
        return profile

    def devices(self, user_id: str, message: str) -> tuple[Device, ...]:
        """Return what messages of this type to a user go to, the newest first: devices, or browsers."""
        return () if self._app_users is None else self._app_users.devices(user_id, message)

    def has_inbox(self, user_id: str) -> bool:
        """Return True if the user has the app or a browser to read an inbox in."""
        return self._app_users is not None and self._app_users.has_inbox(user_id)

    def outcome_number(self, user_id: str) -> str:
        """Return a test number with the outcome of messages to the user, or "" for a drawn outcome."""
        return "" if self._app_users is None else self._app_users.outcome_number(user_id)

    def _new(self, user_id: str, now: Instant, mobile_number: str = "") -> Profile:
        is_user = self._app_users is not None and user_id in self._app_users
        return Profile(
            id=self._drawn_id(user_id),
            user_id=user_id,
            created=0 if is_user else now,
            mobile_number=mobile_number,
            email="" if self._app_users is None else self._app_users.unsubscribed_address(user_id),
            push_subscription=self._app_users is None or self._app_users.is_subscribed(user_id, PUSH),
            web_push_subscription=self._app_users is None or self._app_users.is_subscribed(user_id, WEB_PUSH),
        )

    def _drawn_id(self, user_id: str) -> int:
        drawn = (_LOWEST + self._random.below(_SPAN, "xtremepush", "profile", user_id, n) for n in count())
        return next(id_ for id_ in drawn if id_ not in self._by_id)


class RowReader:
    """Reads rows of values for these attributes. It raises `ValueError` for a row with any invalid value."""

    def __init__(self, names: Sequence[str], subscription_names: frozenset[str]) -> None:
        """`subscription_names` are the accepted names of the SMS subscription."""
        self._names = ["sms_subscription" if name in subscription_names else name for name in names]
        self._converters = [_SYSTEM_CONVERTERS.get(name) or _custom_converter(name) for name in self._names]

    def read(self, row: Sequence[object]) -> dict[str, object]:
        """Return the values of one row by name, as a profile stores them."""
        if len(row) != len(self._names):
            raise ValueError(f"expected {len(self._names)} values, one per column, got {len(row)}")
        columns = zip(self._names, self._converters, row, strict=True)
        return {name: convert(value) for name, convert, value in columns}


def checked_user_id(value: object, maximum: int) -> str:
    """Return a user id as text; raise `ValueError` if it is not one of at most `maximum` characters."""
    text = _user_id(value)
    if len(text) > maximum:
        raise ValueError(f"user_id: expected text of 1 to {maximum} characters, got {value!r:.100}")
    return text


def _user_id(value: object) -> str:
    text = plain_value(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text:
        raise ValueError(f"user_id: expected text, got {value!r:.100}")
    return text


def _email(value: object) -> str:
    text = plain_value(value)
    if text and "@" not in text:
        raise ValueError(f"email: expected an address, got {value!r:.100}")
    return text.strip()


def _mobile_number(value: object) -> str:
    text = plain_value(value)
    if text and not MOBILE_NUMBER.fullmatch(text):
        raise ValueError(f"mobile_number: {_NUMBER_RULE}, got {value!r:.100}")
    return text


def _subscription_converter(name: str) -> Convert:
    def convert(value: object) -> bool:
        text = plain_value(value)
        if text not in _SUBSCRIPTIONS:
            raise ValueError(f"{name}: expected 0 or 1, got {value!r:.100}")
        return _SUBSCRIPTIONS[text]

    return convert


def _custom_converter(name: str) -> Convert:
    def convert(value: object) -> object:
        if isinstance(value, list | dict):
            raise ValueError(f"{name}: expected JSON as text, with its quotes escaped, got {value!r:.100}")  # noqa: TRY004 - an error of a row, not of a program
        return value

    return convert


_SYSTEM_CONVERTERS: Mapping[str, Convert] = {
    "user_id": _user_id,
    "email": _email,
    "email_subscription": _subscription_converter("email_subscription"),
    "mobile_number": _mobile_number,
    "sms_subscription": _subscription_converter("sms_subscription"),
}

# By dialect option: the names of the SMS subscription in execute/campaign, and in import/profile.
_SMS, _MOBILE = frozenset({"sms_subscription"}), frozenset({"mobile_subscription"})
EXECUTE_SUBSCRIPTION_NAMES: Mapping[str, frozenset[str]] = {
    "each_its_own": _MOBILE,
    "either": _SMS | _MOBILE,
    "sms_subscription": _SMS,
    "mobile_subscription": _MOBILE,
}
IMPORT_SUBSCRIPTION_NAMES: Mapping[str, frozenset[str]] = {**EXECUTE_SUBSCRIPTION_NAMES, "each_its_own": _SMS}
