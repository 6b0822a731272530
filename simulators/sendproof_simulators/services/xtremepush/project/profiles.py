"""Whom Xtremepush knows: profiles, found by the client's own id for a user, to the letter.

documented: https://docs.xtremepush.com/reference/user-profile-import (attributes, that an email or mobile number
comes with its subscription, JSON only as text) and https://docs.xtremepush.com/docs/user-profile-create (the mobile
number: country code, no +).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.xtremepush.personalization import plain_value

# documented: the country code comes first, without + and 00; ITU-T E.164 allows 15 digits.
MOBILE_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_NUMBER_RULE = "expected a number with its country code and without + or 00, such as 447123456789"
_SUBSCRIPTIONS: Mapping[str, bool] = {"0": False, "1": True, "": False}
_USER_ID_MOST = 200
# Nine digits: a profile's id is not a message's.
_LOWEST, _SPAN = 100_000_000, 899_000_000_000
_ID = re.compile(r"[1-9][0-9]{0,14}")

Convert = Callable[[object], object]


@dataclass(slots=True, kw_only=True)
class Profile:
    """One user. `attributes` are the custom ones."""

    id: int
    user_id: str
    created: Instant
    email: str = ""
    email_subscription: bool = False
    mobile_number: str = ""
    sms_subscription: bool = False
    attributes: dict[str, object] = field(default_factory=dict)

    def system(self) -> dict[str, object]:
        """The attributes that every profile has."""
        return {
            "id": self.id,
            "user_id": self.user_id,
            "email": self.email,
            "email_subscription": int(self.email_subscription),
            "mobile_number": self.mobile_number,
            "sms_subscription": int(self.sms_subscription),
            "create_time": self.created // 1000,
        }

    def set(self, values: Mapping[str, object]) -> None:
        """Set attributes to values that `Reader` has read."""
        for name, value in values.items():
            if name in _SYSTEM:
                setattr(self, name, value)
            else:
                self.attributes[name] = value


class Profiles:
    """All profiles of a project."""

    def __init__(self, random: KeyedRandom) -> None:
        self._chance = random
        self._by_user: dict[str, Profile] = {}
        self._by_id: dict[int, Profile] = {}

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._by_user.values())

    def by_user_id(self, user_id: str) -> Profile | None:
        """The profile of the user whom the client calls so."""
        return self._by_user.get(user_id)

    def by_id(self, text: str) -> Profile | None:
        """The profile with this id of Xtremepush's own."""
        return self._by_id.get(int(text)) if _ID.fullmatch(text) else None

    def obtain(self, user_id: str, now: Instant) -> Profile:
        """The profile of a user, made if there is none. Its id is drawn, so that the order of calls does not matter."""
        profile = self._by_user.get(user_id)
        if profile is None:
            profile = Profile(id=self._draw(user_id), user_id=user_id, created=now)
            self._by_user[user_id] = self._by_id[profile.id] = profile
        return profile

    def _draw(self, user_id: str) -> int:
        drawn = (_LOWEST + self._chance.below(_SPAN, "xtremepush", "profile", user_id, n) for n in count())
        return next(id_ for id_ in drawn if id_ not in self._by_id)


class Reader:
    """Reads rows of values for the attributes of these names: all of a row, or `ValueError` and nothing of it."""

    def __init__(self, names: Sequence[str], sms_subscription: frozenset[str]) -> None:
        """`sms_subscription` are the names by which that goes."""
        self._names = ["sms_subscription" if name in sms_subscription else name for name in names]
        self._converts = [_SYSTEM.get(name) or _custom(name) for name in self._names]

    def read(self, row: Sequence[object]) -> dict[str, object]:
        """The values of one row by name, as a profile keeps them."""
        if len(row) != len(self._names):
            raise ValueError(f"expected {len(self._names)} values, as many as there are columns, got {len(row)}")
        return {name: convert(value) for name, convert, value in zip(self._names, self._converts, row, strict=True)}


def user_id_of(value: object) -> str:
    """A user id as text; `ValueError` when it is none."""
    text = plain_value(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 0 < len(text) <= _USER_ID_MOST:
        raise ValueError(f"user_id: expected text of 1 to {_USER_ID_MOST} characters, got {value!r:.100}")
    return text


def _email(value: object) -> str:
    text = plain_value(value)
    if text and "@" not in text:
        raise ValueError(f"email: expected an address, got {value!r:.100}")
    return text


def _mobile_number(value: object) -> str:
    text = plain_value(value)
    if text and not MOBILE_NUMBER.fullmatch(text):
        raise ValueError(f"mobile_number: {_NUMBER_RULE}, got {value!r:.100}")
    return text


def _subscription(name: str) -> Convert:
    def convert(value: object) -> bool:
        text = plain_value(value)
        if text not in _SUBSCRIPTIONS:
            raise ValueError(f"{name}: expected 0 or 1, got {value!r:.100}")
        return _SUBSCRIPTIONS[text]

    return convert


def _custom(name: str) -> Convert:
    def convert(value: object) -> object:
        if isinstance(value, list | dict):
            raise ValueError(f"{name}: expected JSON as text, with its quotes escaped, got {value!r:.100}")  # noqa: TRY004 - of a row, not of a program
        return value

    return convert


_SYSTEM: Mapping[str, Convert] = {
    "user_id": user_id_of,
    "email": _email,
    "email_subscription": _subscription("email_subscription"),
    "mobile_number": _mobile_number,
    "sms_subscription": _subscription("sms_subscription"),
}

# By dialect: the names of the SMS subscription in execute/campaign, and in import/profile.
_SMS, _MOBILE = frozenset({"sms_subscription"}), frozenset({"mobile_subscription"})
EXECUTE_NAMES: Mapping[str, frozenset[str]] = {
    "each_its_own": _MOBILE,
    "either": _SMS | _MOBILE,
    "sms_subscription": _SMS,
    "mobile_subscription": _MOBILE,
}
IMPORT_NAMES: Mapping[str, frozenset[str]] = {**EXECUTE_NAMES, "each_its_own": _SMS}
