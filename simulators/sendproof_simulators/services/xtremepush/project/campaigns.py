"""Campaigns, which also serve as templates: Optimove schedules those with the API trigger and an SMS message.

documented: https://docs.xtremepush.com/reference/campaign-model, https://docs.xtremepush.com/docs/api-create-sms (the
content of an SMS), https://docs.xtremepush.com/docs/api-triggered-campaigns. observed: the fields of a row, in
https://github.com/clientIO/appmixer-connectors. assumed: that a campaign is live as soon as it is created.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant

API_TRIGGER = 3
SMS = "9"
CHANNELS = ("sms", "email", "ios_push", "android_push", "web_push", "inbox", "webhook")
DEFAULT_SENDER = "Xtremepush"


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
    def text(self) -> str:
        """The text of its SMS, or ""."""
        return sms_of(self.messages).get("text", "")

    @property
    def is_template(self) -> bool:
        """True if the API can send it as an SMS."""
        return self.trigger == API_TRIGGER and "sms" in self.channels and bool(self.text)

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


def sms_of(messages: Mapping[str, Any]) -> dict[str, str]:
    """Return the content of an SMS: `from` and `text`, if they are present."""
    content: dict[str, str] = messages.get(SMS, {}).get("sms", {})
    return content
