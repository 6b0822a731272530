"""Due texts of templates that changed at the provider after a campaign or a trigger was planned with them.

The due text is that of the version at the announcement of a campaign, or at the event of a trigger. No document says
which version counts if a text changes afterwards: a bridge fills the text when it reads the customers or when it sends,
and some providers fill it themselves. Providers do not announce a change, and bridges read the templates now and then.
So every version from an hour before the announcement until the send is as right.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from sendproof_harness.history.records import Delivery, History, Obligation, Rejection
from sendproof_harness.history.timestamps import HOUR
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.templates import TemplateText, TemplateVersion, due_template, versions
from sendproof_harness.judge.findings import cached_per_history

_NOTICED_WITHIN = HOUR

_Versions = Sequence[TemplateVersion]

Sent = TypeVar("Sent", Delivery, Rejection)


@dataclass(frozen=True, kw_only=True, slots=True)
class _OtherText:
    """Another version that is as right as the `due` text, at `due_at`, for messages sent from `since` on.

    `planned` is the text that was due before the template changed, made from `basis`: it shows the customer's values.
    """

    since: int
    template: TemplateText
    due: str
    due_at: int
    planned: str
    basis: TemplateText

    def fits(self, message: Delivery | Rejection, sent_at: int) -> bool:
        """Return True if a message has this text, with the customer's values where they are known."""
        return sent_at >= self.since and self.template.agrees(message.text, self.basis, self.planned)


@cached_per_history
def current_obligations(history: History) -> tuple[Obligation, ...]:
    """Return the obligations, with texts made from the versions at the announcement or the event."""
    changed = _changed_templates(history)
    if not changed:
        return history.obligations
    begins = _beginnings(history)
    return tuple(_current(history, obligation, changed, begins(obligation)) for obligation in history.obligations)


def with_due_texts(history: History, messages: Iterable[Sent]) -> Iterable[Sent]:
    """Return the messages; one made from another version that counts has the due text instead."""
    others = _other_texts(history)
    if not others:
        return messages
    accepted = {(delivery.service, delivery.message): delivery.send_at for delivery in history.deliveries}
    return (_with_due_text(message, _sent_at(message, accepted), others) for message in messages)


def _sent_at(message: Delivery | Rejection, accepted: Mapping[tuple[str, str], int]) -> int:
    """Return when a message goes out. A provider may reject it later than it accepted it."""
    if isinstance(message, Delivery):
        return message.send_at
    return accepted.get((message.service, message.message or ""), message.at)


@cached_per_history
def rejections_with_due_texts(history: History) -> tuple[Rejection, ...]:
    """Return the rejected messages; one made from another version that counts has the due text instead."""
    return tuple(with_due_texts(history, history.rejections))


def _with_due_text(message: Sent, sent_at: int, others: Mapping[str, Sequence[_OtherText]]) -> Sent:
    of_number = others.get(message.number, ())
    if not of_number or any(other.due == message.text for other in of_number):
        return message
    # A customer can get the same template again, and values that can be divided in several ways fit both times.
    by_time = sorted(of_number, key=lambda other: abs(other.due_at - sent_at))
    due = next((other.due for other in by_time if other.fits(message, sent_at)), None)
    return message if due is None else replace(message, text=due)


def counted_since(history: History) -> Callable[[Obligation], int]:
    """Return a function that gives the instant from which on each version of an obligation's template counts."""
    begins = _beginnings(history)
    return lambda obligation: begins(obligation) - _NOTICED_WITHIN


def _changed_templates(history: History) -> Mapping[tuple[str, str], _Versions]:
    """Return the versions of each template that has several, by provider and id, in order of time."""
    by_template: defaultdict[tuple[str, str], list[TemplateVersion]] = defaultdict(list)
    for version in versions(history):
        by_template[version.service, str(version.id)].append(version)
    return {key: of_template for key, of_template in by_template.items() if len(of_template) > 1}


def _versions_of(template: TemplateVersion | None, changed: Mapping[tuple[str, str], _Versions]) -> _Versions:
    """Return the versions of a template that has several; Optimove may list it under another id than the provider."""
    if template is None:
        return ()
    titled = (
        of_template
        for (service, id_), of_template in changed.items()
        if service == template.service and template.title in {of_template[-1].title, f"{id_} - {of_template[-1].title}"}
    )
    return changed.get((template.service, str(template.id))) or next(titled, ())


def _beginnings(history: History) -> Callable[[Obligation], int]:
    """Return a function that gives the announcement of an obligation's campaign, or the event of its trigger."""
    announced = {campaign_key(campaign): campaign.announced_at for campaign in history.campaigns}
    return lambda obligation: announced.get(campaign_key(obligation)) or obligation.at


def _current(
    history: History, obligation: Obligation, changed: Mapping[tuple[str, str], _Versions], begins: int
) -> Obligation:
    template = due_template(history, obligation) if obligation.text else None
    values = None if template is None else template.text.values(obligation.text or "")
    known = [version for version in _versions_of(template, changed) if version.at <= begins]
    if values is None or not known or not set(known[-1].text.names) <= set(values):
        return obligation
    return replace(obligation, text=known[-1].text.text(values))


@cached_per_history
def _other_texts(history: History) -> Mapping[str, Sequence[_OtherText]]:
    changed, since = _changed_templates(history), counted_since(history)
    others: defaultdict[str, list[_OtherText]] = defaultdict(list)
    pairs = zip(history.obligations, current_obligations(history), strict=True)
    for planned, obligation in pairs if changed else ():
        if obligation.owed and obligation.text and obligation.number:
            others[obligation.number] += _others(history, planned, obligation.text, changed, since(obligation))
    return others


def _others(
    history: History, planned: Obligation, due: str, changed: Mapping[tuple[str, str], _Versions], since: int
) -> Iterator[_OtherText]:
    template, text = due_template(history, planned), planned.text or ""
    if template is None or template.text.values(text) is None:
        return
    of_template = _versions_of(template, changed)
    for position, version in enumerate(of_template):
        is_over = position + 1 < len(of_template) and of_template[position + 1].at <= since
        if not is_over:
            yield _OtherText(
                since=version.at,
                template=version.text,
                due=due,
                due_at=planned.due,
                planned=text,
                basis=template.text,
            )
