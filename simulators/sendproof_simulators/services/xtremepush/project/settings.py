"""The settings that a user of Xtremepush makes on its website: webhook connections, suppression, and segments.

documented: https://docs.xtremepush.com/docs/webhooks-integration (the URL, the kinds of authentication, the choice of
events, several connections), and Xtremepush's page on its Optimove integration (the suppression attribute; "additional
segmentation of the target audience can be added to the Xtremepush campaign"). Not simulated: OAuth 2.0 tokens, and the
choice of channels: a connection gets the events of all of them.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

Event = Literal[
    "message_send", "message_delivery", "message_error", "message_open", "message_click", "message_unsubscribe"
]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NoAuthentication(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="none", tag_field="kind"):
    """No proof of origin in a call."""


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="basic", tag_field="kind"):
    """A user name and a password in each call."""

    username: Secret
    password: Secret


class Bearer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bearer", tag_field="kind"):
    """A token in each call."""

    token: Secret


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="signed", tag_field="kind"):
    """A signature of each call. documented: the secret is generated. Here it may also be given."""

    secret: Secret | None = None


Authentication = NoAuthentication | Basic | Bearer | Signed


class Connection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One webhook URL and the events that it subscribes to, by default all of them."""

    url: str
    authentication: Authentication = NoAuthentication()
    events: tuple[Event, ...] = (
        "message_send",
        "message_delivery",
        "message_error",
        "message_open",
        "message_click",
        "message_unsubscribe",
    )


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Profiles with one of the `excluded` values in `attribute` get no messages.

    At `daily_at`, UTC, the values of the attribute are fetched from Optimove; with None only import/profile sets it.
    """

    attribute: Name
    excluded: Annotated[tuple[str, ...], msgspec.Meta(max_length=100)] = ("true", "1")
    daily_at: Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = "03:00"


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further segment of one campaign: it leaves out a share of the users, and these users."""

    excludes: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    users: Annotated[tuple[str, ...], msgspec.Meta(max_length=1_000)] = ()


class ProjectSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a project. `segments` are by the id of their campaign.

    With `other_messages`, other systems of the client send through the project, too: with the final status of a
    message, the connections get the opposite one of two other messages to the user.
    """

    webhooks: Annotated[tuple[Connection, ...], msgspec.Meta(max_length=10)] = ()
    suppression: Suppression | None = None
    segments: Annotated[dict[str, Segment], msgspec.Meta(max_length=1_000)] = {}
    other_messages: bool = False


def settings_from_json(values: Mapping[str, object]) -> ProjectSettings:
    """Return the settings from decoded JSON; raise `ValueError` with the place and the expected value."""
    return msgspec.convert(values, ProjectSettings)
