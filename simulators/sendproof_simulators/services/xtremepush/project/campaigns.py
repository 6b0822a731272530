"""Campaigns, which also serve as templates: those with the API trigger, and messages of one type.

documented: https://docs.xtremepush.com/reference/campaign-model (push_title and push_text, the message types),
https://docs.xtremepush.com/docs/api-data-monitor (push_text by message type),
https://docs.xtremepush.com/docs/api-create-sms (the content of an SMS; assumed: that of an e-mail is alike),
https://docs.xtremepush.com/docs/api-triggered-campaigns. observed: the fields of a row, in
https://github.com/clientIO/appmixer-connectors. assumed: that a campaign is live as soon as it is created.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging import message_types

API_TRIGGER = 3
SMS = "9"
IOS_PUSH, ANDROID_PUSH, WEB_PUSH, INBOX, EMAIL = "1", "2", "3", "6", "7"
PUSH_TYPES: Mapping[str, str] = {"ios": IOS_PUSH, "android": ANDROID_PUSH, "web": WEB_PUSH}
"""The message type of a push notification, by platform."""
CONTENT_TYPES: Mapping[str, tuple[str, ...]] = {
    message_types.PUSH: (IOS_PUSH, ANDROID_PUSH),
    message_types.WEB_PUSH: (WEB_PUSH,),
    message_types.INBOX: (INBOX,),
    message_types.EMAIL: (EMAIL,),
}
"""The message types whose content has a title, by the type of messages."""
TYPE_CHANNELS: Mapping[str, frozenset[str]] = {
    message_types.PUSH: frozenset({"ios_push", "android_push"}),
    message_types.WEB_PUSH: frozenset({"web_push"}),
    message_types.INBOX: frozenset({"inbox"}),
    message_types.EMAIL: frozenset({"email"}),
}
"""The channels of a campaign for each type of messages, apart from SMS."""
CHANNELS = ("sms", "email", "ios_push", "android_push", "web_push", "inbox", "webhook")
DEFAULT_SENDER = "Xtremepush"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a campaign sends: the title of a message that has one, the text, and the sender of an SMS.

    The subject of an e-mail is its title, and its text is HTML.
    """

    text: str
    heading: str = ""
    sender: str | None = None

    @property
    def whole(self) -> str:
        """Title and text, as the recipient reads them."""
        return message_types.whole_text(self.heading, self.text)


@dataclass(slots=True, kw_only=True)
class Campaign:
    """One campaign. `messages` is its content by message type."""

    id: int
    title: str
    trigger: int
    created: Instant
    channels: frozenset[str]
    messages: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The type of its messages: SMS if it has this channel or no simulated one, else the first of the others."""
        others = (type_ for type_, channels in TYPE_CHANNELS.items() if self.channels & channels)
        return message_types.SMS if "sms" in self.channels else next(others, message_types.SMS)

    @property
    def content(self) -> Content:
        """The content of its messages."""
        return content_of(self.message, self.messages)

    @property
    def text(self) -> str:
        """The text of its messages without a title, or ""."""
        return self.content.text

    @property
    def is_template(self) -> bool:
        """True if the API can send it as messages of a simulated type."""
        has_channel = "sms" in self.channels or self.message != message_types.SMS
        return self.trigger == API_TRIGGER and has_channel and bool(self.text)

    def row(self) -> dict[str, object]:
        """Return the campaign as a row of a list."""
        created = self.created // 1000
        return {
            "id": self.id,
            "title": self.title,
            "trigger": self.trigger,
            "type": 0,
            "active": 1,
            "status": 1,
            "create_time": created,
            "activate_time": created,
            "deactivate_time": None,
            **{channel: int(channel in self.channels) for channel in CHANNELS},
        }


ROW_FIELDS = tuple(Campaign(id=0, title="", trigger=0, created=0, channels=frozenset()).row())


def content_of(message: str, messages: Mapping[str, Any]) -> Content:
    """Return the content of messages of this type. That of a push notification is the same on both platforms here."""
    if message == message_types.SMS:
        sms = sms_of(messages)
        return Content(text=sms.get("text", ""), sender=sms.get("from"))
    if message == message_types.EMAIL:
        email = email_of(messages)
        return Content(heading=email.get("subject") or "", text=email.get("html") or "")
    push = next((content for type_ in CONTENT_TYPES[message] if (content := push_of(messages, type_))), {})
    return Content(heading=push.get("push_title") or "", text=push.get("push_text") or "")


def push_of(messages: Mapping[str, Any], type_: str) -> dict[str, Any]:
    """Return the content by one message type of Xtremepush: `push_title` and `push_text`, if they are present."""
    content: dict[str, Any] = messages.get(type_) or {}
    return content


def titled_messages(message: str, heading: str, text: str) -> dict[str, Any]:
    """Return the content of messages of a type with a title, on all platforms."""
    if message == message_types.EMAIL:
        return {EMAIL: {"email": {"subject": heading, "html": text}}}
    content = ({"push_title": heading} if heading else {}) | {"push_text": text}
    return dict.fromkeys(CONTENT_TYPES[message], content)


def email_of(messages: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the content of an e-mail: `subject` and `html`, if they are present."""
    content: dict[str, str | None] = (messages.get(EMAIL) or {}).get("email") or {}
    return content


def sms_of(messages: Mapping[str, Any]) -> dict[str, str]:
    """Return the content of an SMS: `from` and `text`, if they are present."""
    content: dict[str, str] = (messages.get(SMS) or {}).get("sms") or {}
    return content
