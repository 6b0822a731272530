"""The entries of Optimove: due messages, announcements, triggers, clearances and cancellations."""

from collections.abc import Iterator, Mapping

from sendproof_harness.explain.entry import Scope, TimelineEntry, attempt_text
from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import Clearance, History, Webhook
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult

_CAMPAIGN_EVENTS = ("1", "13")
_TRIGGER_EVENT = "11"


def optimove_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield the due messages, and everything by which the bridge could know about them."""
    titles = _template_titles(scope.history)
    for recipient in scope.recipients:
        yield _due_message(recipient, titles)
    yield from _announcements(scope)
    for trigger in scope.history.triggers:
        if trigger.customer == scope.customer:
            text = f"finds that the customer meets trigger {trigger.trigger} of campaign {trigger.campaign}"
            yield TimelineEntry(at=trigger.at, actor="optimove", text=text, line=trigger.n)
    for clearance in scope.history.clearances:
        if clearance.campaign in scope.campaigns:
            yield TimelineEntry(at=clearance.at, actor="optimove", text=_clearance_text(clearance), line=clearance.n)
    for cancellation in scope.history.cancellations:
        if cancellation.campaign in scope.campaigns:
            text = f"cancels campaign {cancellation.campaign}"
            yield TimelineEntry(at=cancellation.at, actor="optimove", text=text, line=cancellation.n)


_TitleKey = tuple[int, int, TemplateId]


def _template_titles(history: History) -> Mapping[_TitleKey, str]:
    return {
        (campaign.campaign, campaign.channel, split.template): split.title
        for campaign in history.campaigns
        for split in campaign.splits
    }


def _due_message(recipient: RecipientResult, titles: Mapping[_TitleKey, str]) -> TimelineEntry:
    obligation = recipient.obligation
    title = titles.get((obligation.campaign, obligation.channel, obligation.template), "")
    detail = (obligation.text or "") if obligation.owed else ""
    return TimelineEntry(at=obligation.at, actor="optimove", text=_due_text(recipient, title), detail=detail)


def _due_text(recipient: RecipientResult, title: str) -> str:
    obligation = recipient.obligation
    where = f"campaign {obligation.campaign} on channel {obligation.channel}"
    if obligation.trigger is not None:
        where = f"trigger {obligation.trigger}, {where}"
    if obligation.owed:
        template = f"template {obligation.template}" + (f" ({title})" if title else "")
        return f"{where}: {template} is due to {obligation.number} at {spoken(obligation.due)}"
    reason = (obligation.reason or "no reason given").replace("_", " ")
    if obligation.number is None and obligation.raw_number:
        reason += f" {obligation.raw_number}"
    return f"{where}: no message may be sent ({reason})"


def _announcements(scope: Scope) -> Iterator[TimelineEntry]:
    keys = {
        f"{event}:{recipient.obligation.campaign}:{recipient.obligation.channel}"
        for recipient in scope.recipients
        for event in _CAMPAIGN_EVENTS
    }
    triggers = _triggers_by_key(scope)
    for attempt in scope.history.webhooks:
        # Without the ordinal: a customer may meet a trigger more than once.
        trigger = triggers.get(attempt.key.rpartition(":")[0]) if attempt.event == _TRIGGER_EVENT else None
        if trigger is not None:
            yield _announcement(attempt, f"trigger {trigger}")
        elif attempt.key in keys:
            _, campaign, channel = attempt.key.split(":")
            yield _announcement(attempt, f"campaign {campaign} on channel {channel}")


def _triggers_by_key(scope: Scope) -> Mapping[str, str]:
    """Return the names of the customer's triggers by the keys of their events: a name or id may contain colons."""
    due = {recipient.obligation.trigger for recipient in scope.recipients if recipient.obligation.trigger}
    met = {trigger.trigger for trigger in scope.history.triggers if trigger.customer == scope.customer}
    return {f"{_TRIGGER_EVENT}:{name}:{scope.customer}": name for name in due | met}


def _announcement(attempt: Webhook, name: str) -> TimelineEntry:
    return TimelineEntry(
        at=attempt.at,
        actor="optimove",
        text=f"announces {name} to the bridge (event {attempt.event}): {attempt_text(attempt)}",
        line=attempt.n,
        wrong=not is_success(attempt.status),
    )


def _clearance_text(clearance: Clearance) -> str:
    campaign, cleared = clearance.campaign, f"{clearance.cleared:,} customers are cleared"
    if clearance.action == "required":
        return f"puts campaign {campaign} on hold until {spoken(clearance.required_by)}"
    if clearance.action == "given":
        return f"receives the clearance for campaign {campaign}: {cleared}"
    return f"takes campaign {campaign} off hold: {cleared}"
