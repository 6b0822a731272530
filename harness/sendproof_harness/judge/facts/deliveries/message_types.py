"""The types of messages of a run: each channel carries one, and an opt-out from one type leaves the others alone."""

from collections.abc import Mapping

from sendproof_harness.history.parts import SMS, AttributeChange
from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import cached_per_history

PUSH, WEB_PUSH, INBOX, EMAIL = "push", "web_push", "inbox", "email"


@cached_per_history
def _types(history: History) -> Mapping[int, str]:
    return {channel.id: channel.message for channel in history.header.channels}


def message_type(history: History, channel: int | None) -> str:
    """Return the type of the messages of a channel; SMS for one that only carries subscriptions."""
    return SMS if channel is None else _types(history).get(channel, SMS)


def address_word(type_: str) -> str:
    """Return the word for where a message of this type goes."""
    return "number" if type_ == SMS else "address"


def channels_of_type(history: History, type_: str) -> frozenset[int] | None:
    """Return the channels with messages of this type; None if all channels of the run have it."""
    types = _types(history)
    if all(other == type_ for other in types.values()):
        return None
    return frozenset(channel for channel, other in types.items() if other == type_)


def can_be_opened(history: History) -> bool:
    """Return True if a message of the run can be opened: no provider reports the opening of an SMS."""
    return any(type_ != SMS for type_ in _types(history).values())


def has_list(type_: str) -> bool:
    """Return True if providers list those who opted out of messages of this type: they list addresses, not users."""
    return type_ in {SMS, EMAIL}


def can_opt_out(history: History) -> bool:
    """Return True if customers can opt out of messages of the run: no one unsubscribes from the inbox."""
    return any(type_ != INBOX for type_ in _types(history).values())


def consent_attributes(history: History) -> Mapping[str, str]:
    """Return the type of messages to which each consent attribute belongs."""
    attributes = history.header.attributes
    by_name = {
        attributes.consent: SMS,
        attributes.push_consent: PUSH,
        attributes.web_push_consent: WEB_PUSH,
        attributes.email_consent: EMAIL,
    }
    return {name: type_ for name, type_ in by_name.items() if name is not None}


def type_of_change(history: History, change: AttributeChange) -> str | None:
    """Return the type of messages that a change of an attribute is about, or None."""
    return consent_attributes(history).get(change.field)
