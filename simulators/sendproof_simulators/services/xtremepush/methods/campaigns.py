"""Campaigns, which serve as templates: one with the trigger API and an SMS message is what Optimove schedules.

documented: https://docs.xtremepush.com/reference/campaign-model, https://docs.xtremepush.com/docs/api-create-sms (the
content of an SMS), https://docs.xtremepush.com/docs/api-triggered-campaigns. observed: the fields of a row, in
https://github.com/clientIO/appmixer-connectors. assumed: that a campaign is live as soon as it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Call, Template, Templates
from sendproof_simulators.services.xtremepush.errors import NOT_FOUND, RefusalError, wrong
from sendproof_simulators.services.xtremepush.methods.list_query import listed, selector
from sendproof_simulators.services.xtremepush.personalization import render
from sendproof_simulators.services.xtremepush.responses import Answer
from sendproof_simulators.services.xtremepush.state import NAME, State

API_TRIGGER = 3
SMS = "9"
CHANNELS = ("sms", "email", "ios_push", "android_push", "web_push", "inbox", "webhook")
# observed: an info reply has these, each an empty list when the campaign has no such message.
_MESSAGE_TYPES = ("1", "2", "3", "4", "6", "7", "8", SMS, "10", "11")
DEFAULT_SENDER = "Xtremepush"
_TITLE_MOST, _TEXT_MOST = 200, 2_000


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
        """Whether the API can send it as an SMS."""
        return self.trigger == API_TRIGGER and "sms" in self.channels and bool(self.text)

    def row(self) -> dict[str, object]:
        """The campaign as lists show it."""
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
    """The content of an SMS: `from` and `text`, as far as they are there."""
    content: dict[str, str] = messages.get(SMS, {}).get("sms", {})
    return content


def list_campaign(call: Call) -> Answer:
    """Campaigns."""
    rows = listed((campaign.row() for campaign in call.state.campaigns.values()), ROW_FIELDS, call.body)
    return Answer(value={"data": rows}, summary={"rows": len(rows)})


def info_campaign(call: Call) -> Answer:
    """One campaign with its messages."""
    campaign = found(call.state, call.body["id"])
    messages = {type_: campaign.messages.get(type_) or [] for type_ in _MESSAGE_TYPES}
    model = {**campaign.row(), "messages": messages}
    return Answer(value={"model": {"id": campaign.id, **selector(call.body.get("select"), tuple(model))(model)}})


def create_campaign(call: Call) -> Answer:
    """Make a campaign; what is none of its fields here is ignored."""
    state: State = call.state
    given = call.body
    channels = frozenset(channel for channel in CHANNELS if given.get(channel) == 1)
    messages = given.get("messages", {})
    if "sms" in channels and not sms_of(messages).get("text", "").strip():
        raise wrong("messages.9.sms.text", "expected the text of the SMS, because sms is 1")
    campaign = Campaign(
        id=state.ids.draw("campaign", given, state.campaigns),
        title=given["title"],
        trigger=given.get("trigger", 0),
        created=call.now,
        channels=channels,
        messages=messages,
    )
    state.campaigns[campaign.id] = campaign
    entries = (_fact("created", campaign),) if campaign.is_template else ()
    return Answer(value={"model": {"id": campaign.id}}, entries=entries, summary={"campaign": campaign.id})


def found(state: State, id_: object) -> Campaign:
    """The campaign with this id, a number or its text; refuses one that does not exist."""
    campaign = state.campaigns.get(int(str(id_)))
    if campaign is None:
        raise RefusalError(NOT_FOUND, f"no campaign has the id {id_}")
    return campaign


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Make a template, as a user would on the website; `ValueError` when it has no title or text or the id is taken."""
    _check(title, body)
    if id_ is not None and id_ in state.campaigns:
        raise ValueError(f"expected an id that is not taken, got {id_}: it belongs to {state.campaigns[id_].title!r}")
    drawn = id_ if id_ is not None else state.ids.draw("template", {"title": title}, state.campaigns)
    campaign = Campaign(
        id=drawn, title=title, trigger=API_TRIGGER, created=now, channels=frozenset({"sms"}), messages=_content(body)
    )
    state.campaigns[drawn] = campaign
    return _template(campaign), Effects(entries=(_fact("created", campaign),))


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Give a template another title or text; None leaves it as it is. `KeyError` when there is no such template."""
    del now
    campaign = _held(state, id_)
    action = "changed" if body is not None and body != campaign.text else "renamed"
    new_title = campaign.title if title is None else title
    _check(new_title, campaign.text if body is None else body)
    campaign.title = new_title
    if body is not None:
        campaign.messages = _content(body, sms_of(campaign.messages).get("from"))
    return _template(campaign), Effects(entries=(_fact(action, campaign),))


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template for good; `KeyError` when there is no such template."""
    del now
    campaign = _held(state, id_)
    del state.campaigns[campaign.id]
    return Effects(entries=(_fact("deleted", campaign),))


def _everything(state: State) -> tuple[Template, ...]:
    return tuple(_template(campaign) for campaign in state.campaigns.values() if campaign.is_template)


TEMPLATES = Templates(all=_everything, add=add, change=change, delete=delete, render=render)


def _content(text: str, sender: str | None = None) -> dict[str, Any]:
    return {SMS: {"sms": {"from": sender or DEFAULT_SENDER, "text": text}}}


def _check(title: str, body: str) -> None:
    if not (title.strip() and body.strip() and len(title) <= _TITLE_MOST and len(body) <= _TEXT_MOST):
        raise ValueError(
            f"expected a title of 1 to {_TITLE_MOST} and a text of 1 to {_TEXT_MOST} characters, "
            f"got {title!r:.100} and {body!r:.100}"
        )


def _held(state: State, id_: str) -> Campaign:
    campaign = state.campaigns.get(int(id_)) if str(id_).isdecimal() and len(str(id_)) < 19 else None  # noqa: PLR2004
    if campaign is None or not campaign.is_template:
        held = ", ".join(str(template.id) for template in _everything(state)) or "none"
        raise KeyError(f"expected the id of a template ({held}), got {id_!r}")
    return campaign


def _template(campaign: Campaign) -> Template:
    return Template(id=campaign.id, title=campaign.title, body=campaign.text)


def _fact(action: str, campaign: Campaign) -> JournalEntry:
    fields = {"service": NAME, "action": action, "id": campaign.id, "title": campaign.title, "body": campaign.text}
    return JournalEntry(kind="provider_template", fields=fields)
