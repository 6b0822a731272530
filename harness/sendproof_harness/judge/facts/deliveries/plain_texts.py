"""The alternatives of e-mails in plain text: those that cannot be meant for their recipient.

documented: the alternatives of a message have the same information (RFC 2046, 5.1.4). A bridge may word them in its own
way, so other words alone are no mistake. Two things are: a variable of the template that has no value, and the text of
another customer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sendproof_harness.history.large.plain_texts import variants_of, words_of
from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult
from sendproof_harness.judge.facts.deliveries.template_changes import current_obligations
from sendproof_harness.judge.facts.keys import TemplateKey, template_key
from sendproof_harness.judge.facts.templates import due_template, template_text

NOT_FILLED_IN = "a placeholder was not filled in, in the text for readers without HTML"
OF_ANOTHER = "the text for readers without HTML is that of another customer"

_Words = tuple[str, ...]


def wrong_plain_texts(
    history: History, recipients: Iterable[RecipientResult]
) -> Iterator[tuple[RecipientResult, Delivery, str]]:
    """Yield the e-mails whose text for readers without HTML is wrong, each with its recipient and the cause."""
    mails = [
        (recipient, delivery)
        for recipient in recipients
        for delivery in recipient.deliveries
        if delivery.plain is not None
    ]
    others = _texts_by_template(history, {template_key(recipient.obligation) for recipient, _ in mails})
    for recipient, delivery in mails:
        cause = _cause(history, recipient.obligation, delivery, others[template_key(recipient.obligation)])
        if cause is not None:
            yield recipient, delivery, cause


def _cause(history: History, obligation: Obligation, delivery: Delivery, others: frozenset[_Words]) -> str | None:
    own, plain = f"{obligation.text or ''}\n{delivery.text}", delivery.plain or ""
    template = due_template(history, obligation)
    remaining = set(template.text.names if template else ()).intersection(template_text(plain).names)
    # The value of a customer may look like a placeholder.
    if remaining and not remaining <= set(template_text(own).names):
        return NOT_FILLED_IN
    words = words_of(plain)
    # A text without any values may be that of a customer who has none.
    return OF_ANOTHER if words in others and not set(words) <= set(words_of(own)) else None


def _texts_by_template(history: History, keys: set[TemplateKey]) -> Mapping[TemplateKey, frozenset[_Words]]:
    """Return the words of the texts of all customers, with and without the first line, which may be the subject."""
    found: defaultdict[TemplateKey, set[_Words]] = defaultdict(set)
    for obligation in current_obligations(history) if keys else ():
        key = template_key(obligation)
        if key in keys and obligation.text is not None:
            found[key] |= set(variants_of(obligation.text))
    return defaultdict(frozenset, {key: frozenset(texts) for key, texts in found.items()})
