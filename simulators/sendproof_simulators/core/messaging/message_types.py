"""The types of messages that a channel can carry, and what each of them needs of a customer.

The *address* of a message is what its provider sends it to. For a push notification it is the user, as the provider
knows the devices of its users: an app registers each device itself.

documented: the message types of a provider, https://docs.xtremepush.com/reference/campaign-model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SMS, PUSH = "sms", "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageType:
    """One type of messages. `title` is its name in sentences, `has_heading` is true if a message has a title."""

    name: str
    title: str
    has_heading: bool


#: All types by name.
MESSAGE_TYPES: Mapping[str, MessageType] = MappingProxyType(
    {
        SMS: MessageType(name=SMS, title="SMS", has_heading=False),
        PUSH: MessageType(name=PUSH, title="push notification", has_heading=True),
    }
)


def whole_text(heading: str, text: str) -> str:
    """Return a message as its recipient reads it: the heading, if there is one, and the text below it."""
    return f"{heading}\n{text}" if heading else text
