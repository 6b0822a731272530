"""Campaigns as message templates of the control API: those that the API can send."""

from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.mail_texts import readable
from sendproof_simulators.core.messaging.message_types import EMAIL, INBOX, PUSH, WEB_PUSH
from sendproof_simulators.core.messaging.message_types import SMS as SMS_MESSAGE
from sendproof_simulators.core.simulator import Template, Templates
from sendproof_simulators.services.xtremepush.personalization import LONGEST_TEXT, render
from sendproof_simulators.services.xtremepush.project.campaigns import (
    API_TRIGGER,
    DEFAULT_SENDER,
    SMS,
    TYPE_CHANNELS,
    Campaign,
    titled_messages,
)
from sendproof_simulators.services.xtremepush.state import NAME, State


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Create a template, as a user would on the website.

    Raise `ValueError` if title or text is empty or too long, or the id is taken.
    """
    _check(state, title, body)
    if id_ is not None and id_ in state.campaigns:
        raise ValueError(f"expected an unused id, got {id_}, the id of {state.campaigns[id_].title!r}")
    new_id = id_ if id_ is not None else state.ids.draw("template", {"title": title}, state.campaigns)
    campaign = Campaign(
        id=new_id,
        title=title,
        trigger=API_TRIGGER,
        created=now,
        channels=frozenset({"sms"}),
        messages=_sms_messages(body),
    )
    state.campaigns[new_id] = campaign
    return _template(campaign), Effects(entries=(template_entry("created", campaign),))


def add_typed(state: State, now: Instant, template: Template) -> tuple[Template, Effects]:
    """Create a template of messages with a title, as a user would on the website; raise `ValueError` as `add`."""
    _check(state, template.title, template.body, template.message)
    new_id = int(template.id) or state.ids.draw("template", {"title": template.title}, state.campaigns)
    if new_id in state.campaigns:
        raise ValueError(f"expected an unused id, got {new_id}, the id of {state.campaigns[new_id].title!r}")
    campaign = Campaign(
        id=new_id,
        title=template.title,
        trigger=API_TRIGGER,
        created=now,
        channels=TYPE_CHANNELS[template.message],
        messages=titled_messages(template.message, template.heading, template.body),
    )
    state.campaigns[new_id] = campaign
    return _template(campaign), Effects(entries=(template_entry("created", campaign),))


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Change the title or text of a template; None keeps it. Raise `KeyError` if the template does not exist."""
    del now
    campaign = _existing_template(state, id_)
    action = "changed" if body is not None and body != campaign.text else "renamed"
    new_title = campaign.title if title is None else title
    _check(state, new_title, campaign.text if body is None else body, campaign.message)
    campaign.title = new_title
    if body is not None:
        content = campaign.content
        campaign.messages = (
            _sms_messages(body, content.sender)
            if campaign.message == SMS_MESSAGE
            else titled_messages(campaign.message, content.heading, body)
        )
    return _template(campaign), Effects(entries=(template_entry(action, campaign),))


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template permanently; raise `KeyError` if it does not exist."""
    del now
    campaign = _existing_template(state, id_)
    del state.campaigns[campaign.id]
    return Effects(entries=(template_entry("deleted", campaign),))


def _all_templates(state: State) -> tuple[Template, ...]:
    return tuple(_template(campaign) for campaign in state.campaigns.values() if campaign.is_template)


TEMPLATES = Templates(
    all=_all_templates,
    add=add,
    change=change,
    delete=delete,
    render=render,
    add_typed=add_typed,
    message_types=frozenset({SMS_MESSAGE, PUSH, WEB_PUSH, INBOX, EMAIL}),
    values_may_be_html=True,
)


def template_entry(action: str, campaign: Campaign) -> JournalEntry:
    """Return the journal entry of a template that was created, renamed, changed or deleted."""
    body, message = campaign.content.whole, {} if campaign.message == SMS_MESSAGE else {"message": campaign.message}
    fields = {"service": NAME, "action": action, "id": campaign.id, "title": campaign.title, "body": body, **message}
    return JournalEntry(kind="provider_template", fields=fields)


def _sms_messages(text: str, sender: str | None = None) -> dict[str, Any]:
    return {SMS: {"sms": {"from": sender or DEFAULT_SENDER, "text": text}}}


def _check(state: State, title: str, body: str, message: str = SMS_MESSAGE) -> None:
    limits = state.limits
    longest = limits.html_length if message == EMAIL else limits.text_length
    if not (title.strip() and body.strip() and len(title) <= limits.title_length and len(body) <= longest):
        raise ValueError(
            f"expected a title of 1 to {limits.title_length} and a text of 1 to {longest} characters, "
            f"got {title!r:.100} and {body!r:.100}"
        )
    if message == EMAIL and not 0 < len(readable(body)) <= LONGEST_TEXT:
        raise ValueError(f"expected HTML in which a reader sees 1 to {LONGEST_TEXT} characters")


def _existing_template(state: State, id_: str) -> Campaign:
    campaign = state.campaigns.get(int(id_)) if str(id_).isdecimal() and len(str(id_)) < 19 else None  # noqa: PLR2004
    if campaign is None or not campaign.is_template:
        known = ", ".join(str(template.id) for template in _all_templates(state)) or "none"
        raise KeyError(f"expected the id of a template ({known}), got {id_!r}")
    return campaign


def _template(campaign: Campaign) -> Template:
    content = campaign.content
    return Template(
        id=campaign.id, title=campaign.title, body=content.text, message=campaign.message, heading=content.heading
    )
