"""Check that each recipient got their own text, and find the most likely cause of a wrong one."""

from collections.abc import Iterable, Iterator, Mapping

from sendproof_harness.history.links import keeps_link
from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.causes.texts import TextCause, text_causes
from sendproof_harness.judge.facts.deliveries.hidden_values import hidden_cause, hidden_remedy, hidden_values
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    count_recipients,
    has_due_message,
    matched_recipients,
)
from sendproof_harness.judge.facts.deliveries.plain_texts import wrong_plain_texts
from sendproof_harness.judge.facts.deliveries.template_changes import counted_since
from sendproof_harness.judge.facts.templates import due_template
from sendproof_harness.judge.facts.wishes import has_free_text, overridden_values, wanted_links
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import RIGHT_TEXT

_ID = "delivery.text"
_NO_LINK = "overrides ignored: the link of the client's overrides is missing"
_OTHER_LINK = "overrides ignored: a link other than that of the client's overrides"
_NO_VALUES = "the values of the client's overrides are missing"
_REPLACED_LINK = "a link other than that of the client's template"


def check_right_text(history: History) -> CheckResult:
    """Compare the text of every matched delivery with the due text."""
    recipients = matched_recipients(history)
    differing = [recipient for recipient in recipients if recipient.deliveries[0].text != recipient.obligation.text]
    wrong = [recipient for recipient in differing if not has_free_text(history, recipient.obligation)]
    free = [recipient for recipient in differing if has_free_text(history, recipient.obligation)]
    plain = [recipient for recipient in wrong if _lacks_overridden_values(history, recipient)]
    others = [recipient for recipient in wrong if not _lacks_overridden_values(history, recipient)]
    causes = text_causes(history, ((recipient.obligation, recipient.deliveries[0].text) for recipient in others))
    findings = (
        *(_wrong_text(history, recipient, TextCause(_NO_VALUES)) for recipient in plain),
        *(_wrong_text(history, *pair) for pair in zip(others, causes, strict=True)),
        *map(_free_text, free),
        *_wrong_links(recipients, wanted_links(history)),
        *_replaced_links(history, recipients),
        *(_wrong_plain(*found) for found in wrong_plain_texts(history, recipients)),
    )
    return CheckResult(looked_at=count_recipients(history, recipients), unit="texts", findings=findings)


def _lacks_overridden_values(history: History, recipient: RecipientResult) -> bool:
    """Return True if only the values that the client's overrides replace differ from the due text."""
    obligation = recipient.obligation
    replaced = overridden_values(history).get(obligation.channel) if obligation.trigger is not None else None
    template = due_template(history, obligation) if replaced else None
    if template is None or not replaced:
        return False
    due, got = template.text.values(obligation.text or ""), template.text.values(recipient.deliveries[0].text)
    return due is not None and got is not None and all(due[name] == got[name] for name in due.keys() - replaced.keys())


def _wrong_links(recipients: Iterable[RecipientResult], wanted: Mapping[int, str]) -> Iterator[Finding]:
    """Yield the triggered messages without the link that the client's overrides give them."""
    for obligation, delivery in _sent(recipients) if wanted else ():
        url = wanted.get(obligation.channel) if obligation.trigger is not None else None
        if url is not None and delivery.url != url:
            yield Finding(
                check=_ID,
                level="fail",
                blame="bridge",
                cause=_NO_LINK if delivery.url is None else _OTHER_LINK,
                expected=f"url {url}, as in the overrides of the handover",
                got="no url" if delivery.url is None else f"url {delivery.url}",
                where=recipient_location(obligation),
                at=delivery.send_at,
            )


def _replaced_links(history: History, recipients: Iterable[RecipientResult]) -> Iterator[Finding]:
    """Yield the messages with a link of the bridge's own. Only the client's overrides may replace that of a template.

    More parameters do not make it another link: bridges add them to count visits.
    """
    wanted, since = wanted_links(history), counted_since(history)
    for obligation, delivery in _sent(recipients):
        is_overridden = obligation.trigger is not None and obligation.channel in wanted
        if delivery.template_url is None or is_overridden or has_free_text(history, obligation):
            continue
        links = (delivery.template_url, *_links_before(delivery, since(obligation)))
        if not any(keeps_link(link, delivery.url or "") for link in links):
            yield Finding(
                check=_ID,
                level="fail",
                blame="bridge",
                cause=_REPLACED_LINK,
                expected=f"url {delivery.template_url}, that of the template, or no url in the call",
                got=f"url {delivery.url}",
                where=recipient_location(obligation),
                at=delivery.send_at,
            )


def _sent(recipients: Iterable[RecipientResult]) -> Iterator[tuple[Obligation, Delivery]]:
    """Yield each message with its obligation: a repeated one can have another link."""
    return ((recipient.obligation, delivery) for recipient in recipients for delivery in recipient.deliveries)


def _links_before(delivery: Delivery, since: int) -> Iterator[str]:
    """Yield the earlier links of a message's template that it had after an instant."""
    return (earlier.url for earlier in delivery.earlier_template_urls if earlier.until > since)


def _wrong_plain(recipient: RecipientResult, delivery: Delivery, cause: str) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"wrong text: {cause}",
        expected=recipient.obligation.text or "",
        got=delivery.plain or "",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


def _free_text(recipient: RecipientResult) -> Finding:
    """Return the `unknown` finding about a text that the client's overrides may have made."""
    return Finding(
        check=_ID,
        level="unknown",
        blame="harness",
        cause="the client's overrides compute the text from the event, so it was not judged",
        expected=f"the text that the overrides make, or {recipient.obligation.text or ''}",
        got=recipient.deliveries[0].text,
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[0].send_at,
        remedy="use overrides that are the same for every event: a JSON object with `url` or `variables`",
    )


def _wrong_text(history: History, recipient: RecipientResult, cause: TextCause) -> Finding:
    got, hidden = recipient.deliveries[0].text, hidden_values(history)(recipient.obligation)
    return Finding(
        check=_ID,
        level="fail",
        blame="config" if hidden else "bridge",
        cause=f"wrong text: {hidden_cause(hidden) if hidden else cause.cause}",
        expected=recipient.obligation.text or "",
        got=f"{got}  ({cause.detail})" if cause.detail else got,
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[0].send_at,
        remedy=hidden_remedy(hidden) if hidden else "",
    )


CHECKS = (
    Check(
        id=_ID,
        title="Each recipient gets their own text",
        requirement=RIGHT_TEXT,
        run=check_right_text,
        applies=has_due_message,
        scope="runs with a due message",
    ),
)
