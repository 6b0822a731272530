"""Rejections because of the number or the due text: no bridge can get such a message to its recipient.

A rejection only counts if the bridge sent exactly the due message, in any version of its template that counts, because
a provider rejects a wrongly formatted number with the same error. One user can get the same text as several types of
messages, of which the provider rejects one; a rejection without a type may concern any of them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sendproof_harness.history.records import History, Obligation, Rejection, Request
from sendproof_harness.judge.facts.deliveries.message_types import message_type
from sendproof_harness.judge.facts.deliveries.template_changes import rejections_with_due_texts
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider


def is_refused_from_any_bridge(history: History, obligation: Obligation) -> bool:
    """Return True if the provider rejected exactly this message because of its number or its text."""
    refused = _refused_messages(history)
    types = (message_type(history, obligation.channel), None)
    return any((obligation.number, obligation.text, type_) in refused for type_ in types)


def may_look_undelivered(history: History, obligation: Obligation) -> bool:
    """Return True if the provider rejected a message to this recipient, and may show it as undelivered."""
    found, number = _texts_that_look_undelivered(history), obligation.number or ""
    types = (message_type(history, obligation.channel), None)
    texts = frozenset(text for type_ in types for text in found.get((number, type_), ()))
    return bool(texts) and (obligation.text is None or obligation.text in texts)


@cached_per_history
def _texts_that_look_undelivered(history: History) -> Mapping[tuple[str, str | None], Collection[str]]:
    """Return the texts of rejected messages by their number and type."""
    texts: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    partly_accepted = {request.n for request in history.requests if (request.summary or {}).get("accepted")}
    for rejection in rejections_with_due_texts(history):
        record = provider(rejection.service)
        bounces = record.refused_recipients_bounce and rejection.request in partly_accepted
        if (record.rejections_look_undelivered or bounces) and is_permanent(rejection):
            texts[rejection.number, rejection.message_type].add(rejection.text)
    return texts


@cached_per_history
def _refused_messages(history: History) -> frozenset[tuple[str, str, str | None]]:
    return frozenset(
        (rejection.number, rejection.text, rejection.message_type)
        for rejection in rejections_with_due_texts(history)
        if is_permanent(rejection) or str(rejection.code) in provider(rejection.service).text_rejections
    )


def is_permanent(rejection: Rejection) -> bool:
    """Return True if the provider rejected the message because of its number."""
    return bool({str(rejection.code), rejection.reason} & provider(rejection.service).permanent_rejections)


@cached_per_history
def numbers_refused_as_opted_out(history: History) -> frozenset[str]:
    """Return the numbers whose messages a provider rejected because of an opt-out, of which the bridge so learned."""
    return frozenset(
        rejection.number
        for rejection in history.rejections
        if not rejection.whole_call
        and {str(rejection.code), rejection.reason} & provider(rejection.service).opt_out_rejections
    )


def refusal_codes(request: Request) -> frozenset[str]:
    """Return the codes with which a provider refused a whole call; empty if the journal names none."""
    summary = request.summary or {}
    codes = summary.get("errors", summary.get("refused", []))
    return frozenset(map(str, codes if isinstance(codes, list) else (codes,)))


def is_refused_for_number(history: History, request: Request) -> bool:
    """Return True if the provider refused the request because of its number: no bridge can know that before.

    So is a call that named a group of customers, none of whom the provider can reach.
    """
    codes = refusal_codes(request)
    is_for_all = bool(codes) and codes <= provider(request.service).permanent_rejections
    return is_for_all or request.n in _requests_refused_for_number(history)


@cached_per_history
def _requests_refused_for_number(history: History) -> frozenset[int | None]:
    return frozenset(rejection.request for rejection in history.rejections if is_permanent(rejection))


@cached_per_history
def requests_with_refused_messages(history: History) -> frozenset[int | None]:
    """Return the lines of the requests with messages that the provider refused, all or some."""
    return frozenset(rejection.request for rejection in history.rejections)


def rejection_text(rejection: Rejection) -> str:
    """Return code and reason of a rejection in one text."""
    return " ".join(str(part) for part in (rejection.code, rejection.reason) if part not in {None, ""})
