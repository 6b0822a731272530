"""The bridge's calls after an event: what it did instead of sending the messages."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from sendproof_harness.history.records import History, Obligation, Request
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.causes.dates import swapped_date
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.clients.campaigns import sent_for_others_text
from sendproof_harness.judge.facts.deliveries.deadlines import CAMPAIGN_EVENTS, deadlines
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.refusals import rejection_text
from sendproof_harness.judge.facts.fault_diagnosis import Diagnosis, was_repeated
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, forged_cancellations, is_send, proof_text
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key, channel_text
from sendproof_harness.judge.facts.metrics import DROPPED
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, pages
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.facts.templates import due_template
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

#: The operations that return attributes of customers.
ATTRIBUTE_OPERATIONS = frozenset({"GetCustomerAttributes"})
_EXCERPT = 80


def calls_between(history: History, start: int, end: int) -> Sequence[Request]:
    """Return the requests of the bridge from `start` to `end`, both included."""
    requests = history.requests
    first = bisect_left(requests, start, key=lambda request: request.at)
    last = bisect_left(requests, end + 1, key=lambda request: request.at)
    return requests[first:last]


def is_refused(request: Request) -> bool:
    """Return True if the service refused the request, by its status or, at some providers, in its response."""
    summary = request.summary or {}
    return not is_success(request.status) or "refused" in summary or "errors" in summary


def refusal_text(requests: Sequence[Request]) -> str:
    """Describe refused requests of one kind: their number, and the most frequent status and reason."""
    status, reason = Counter((request.status, _reason(request)) for request in requests).most_common(1)[0][0]
    name = request_name(requests[0])
    times = "once" if len(requests) == 1 else f"{len(requests):,} times"
    return f"{name} was refused {times} ({status}{': ' + reason if reason else ''})"


def _reason(request: Request) -> str:
    summary = request.summary or {}
    codes = summary.get("errors") or ([summary["refused"]] if "refused" in summary else [])
    text, codes_text = (request.response_excerpt or "").strip()[:_EXCERPT], ", ".join(f"code {code}" for code in codes)
    # A body with status 200 is long, and its codes say the same.
    return (codes_text or text) if is_success(request.status) else (text or codes_text)


def restarted_at(history: History, start: int, end: int) -> int | None:
    """Return when the bridge was started again between two instants, or None."""
    left = [event.at for event in history.clocks if event.action == "left" and start <= event.at <= end]
    joined = (event.at for event in history.clocks if event.action == "joined" and left and event.at >= left[0])
    return next(joined, None)


# -- a campaign without any message -----------------------------------------------------------------


@cached_per_history
def campaign_diagnosis(history: History) -> Callable[[Obligation], Diagnosis]:
    """Return a function that describes what the bridge did with a campaign without any sent message."""
    cache: dict[tuple[int, int, int], Diagnosis] = {}

    def diagnosis(obligation: Obligation) -> Diagnosis:
        key = (obligation.campaign, obligation.channel, obligation.due)
        if key not in cache:
            cache[key] = _diagnosis(history, obligation)
        return cache[key]

    return diagnosis


_NOTHING_SENT = "lost: no message of this campaign was ever sent"


def _diagnosis(history: History, obligation: Obligation) -> Diagnosis:
    hypotheses = (
        _cancelled_by_a_stranger,
        _without_event,
        _without_pages,
        _rejected_messages,
        _forgotten,
        _refused_sends,
        _refused_look_ups,
        _overdue,
        _no_sends,
    )
    found = (hypothesis(history, obligation) for hypothesis in hypotheses)
    explained = next((diagnosis for diagnosis in found if diagnosis is not None), None)
    cause, got = explained or (_NOTHING_SENT, "no delivery of the whole campaign")
    sent = (campaign_key(recipient.obligation) for recipient in ledger(history).recipients if recipient.deliveries)
    only = channel_text(campaign_key(obligation), sent) or sent_for_others_text(history, campaign_key(obligation))
    return cause.replace(_NOTHING_SENT, f"{_NOTHING_SENT}{only}"), got


def _cancelled_by_a_stranger(history: History, obligation: Obligation) -> Diagnosis | None:
    forged = forged_cancellations(history, obligation.campaign)
    if not forged:
        return None
    proof = proof_text(forged)
    got = f"an event 4 {proof.removeprefix(', ') or 'without the token'} was acknowledged"
    return f"{_NOTHING_SENT}: as if a forged cancellation was obeyed{proof}", got


def _without_event(history: History, obligation: Obligation) -> Diagnosis | None:
    keys = {f"{event}:{obligation.campaign}:{obligation.channel}" for event in CAMPAIGN_EVENTS}
    attempts = [attempt for attempt in history.webhooks if attempt.service == OPTIMOVE and attempt.key in keys]
    if any(is_success(attempt.status) for attempt in attempts) or pages(history).get(campaign_key(obligation)):
        return None
    if not attempts:
        return f"{_NOTHING_SENT}: no event announced it to the bridge", "no event was posted; is a listener registered?"
    last = attempts[-1]
    result = last.error or f"status {last.status}"
    return f"{_NOTHING_SENT}: the bridge did not accept its event", f"{result} at attempt {last.attempt}"


def _without_pages(history: History, obligation: Obligation) -> Diagnosis | None:
    read = pages(history).get(campaign_key(obligation), ())
    if any(page.rows for page in read):
        return None
    if read:
        return (
            f"{_NOTHING_SENT}: only pages without rows were read",
            f"{len(read):,} pages from row {read[0].skip:,} on",
        )
    calls = calls_between(history, obligation.at, history.header.ended)
    refused = [request for request in calls if request.operation == PAGE_OPERATION and is_refused(request)]
    if refused:
        return f"{_NOTHING_SENT}: its audience could not be read", refusal_text(refused)
    restart = restarted_at(history, obligation.at, history.header.ended)
    if restart is not None:
        return f"{_NOTHING_SENT}: forgotten at a restart of the bridge", f"no page was read after {spoken(restart)}"
    instead = _other_calls(request for request in calls if request.service == OPTIMOVE)
    return f"{_NOTHING_SENT}: its audience was never read", f"no call of {PAGE_OPERATION}{instead}"


def _other_calls(requests: Iterable[Request]) -> str:
    counts = Counter(request_name(request) for request in requests)
    most = ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(2))
    return f"; instead {most}" if most else "; no other call to Optimove either"


def _rejected_messages(history: History, obligation: Obligation) -> Diagnosis | None:
    """Return the diagnosis if the provider rejected messages that may be this campaign's."""
    name, template = _provider_name(history, obligation), due_template(history, obligation)
    rejected = [
        rejection
        for rejection in history.rejections
        if rejection.service == name
        and rejection.at >= obligation.at
        and (template is None or not rejection.text or template.text.values(rejection.text) is not None)
    ]
    if not rejected:
        return None
    error, count = Counter(map(rejection_text, rejected)).most_common(1)[0]
    example = next(rejection for rejection in rejected if rejection_text(rejection) == error)
    to = example.number or example.customer or "a message without a number"
    got = f"{name} refused {count:,} messages, such as to {to} ({error})"
    return f"{_NOTHING_SENT}: {name} refused its messages ({error})", got


def _forgotten(history: History, obligation: Obligation) -> Diagnosis | None:
    last_page = pages(history)[campaign_key(obligation)][-1]
    restart = restarted_at(history, last_page.at, obligation.due)
    sends = [] if restart is None else _sends(history, obligation, restart, history.header.ended)
    if restart is None or sends:
        return None
    return f"{_NOTHING_SENT}: forgotten at a restart of the bridge", f"no send after {spoken(restart)}"


def _refused_sends(history: History, obligation: Obligation) -> Diagnosis | None:
    sends = _sends(history, obligation, obligation.at, deadlines(history)(obligation))
    refused = [request for request in sends if is_refused(request)]
    if not refused or len(refused) < len(sends):
        return None
    return f"{_NOTHING_SENT}: {refused[0].service} refused every call", refusal_text(refused)


def _refused_look_ups(history: History, obligation: Obligation) -> Diagnosis | None:
    """Return the diagnosis if calls that a send needs were refused: templates, imports and attributes."""
    name = _provider_name(history, obligation)
    needed = {provider(name).template_operation, provider(name).import_operation, *ATTRIBUTE_OPERATIONS} - {None}
    calls = calls_between(history, obligation.at, deadlines(history)(obligation))
    for operation in needed:
        of_operation = (request for request in calls if request.operation == operation)
        refused = [request for request in of_operation if is_refused(request) and not was_repeated(history, request)]
        if refused:
            return f"{_NOTHING_SENT}: {request_name(refused[0])} was refused", refusal_text(refused)
    return None


def _overdue(history: History, obligation: Obligation) -> Diagnosis | None:
    """Return the diagnosis if the rows were only read when their messages were overdue."""
    read_at = min(page.at for page in pages(history)[campaign_key(obligation)] if page.rows)
    if read_at <= obligation.due:
        return None
    got = f"its rows were read at {spoken(read_at)}, after {spoken(obligation.due)}{_dropped(history, obligation)}"
    return f"{_NOTHING_SENT}: it was read late, as if overdue messages were discarded", got


def _no_sends(history: History, obligation: Obligation) -> Diagnosis | None:
    sends = _sends(history, obligation, obligation.at, history.header.ended)
    name = _provider_name(history, obligation)
    template_operation = provider(name).template_operation
    was_read = any(request.service == name and request.operation == template_operation for request in history.requests)
    if template_operation is not None and not was_read:
        got = f"no call of {name} {template_operation} in the whole run"
        return f"{_NOTHING_SENT}: the provider's templates were never read", got
    if sends:
        return None
    rows = sum(page.rows for page in pages(history)[campaign_key(obligation)])
    got = f"{rows:,} rows read, then no call of {name} to send{_dropped(history, obligation)}"
    swapped = None if _has_read_such_a_date(history) else swapped_date(obligation.due)
    if swapped is not None:
        time = "past" if swapped < obligation.at else "future"
        got += f"; swapped day and month would be {spoken(swapped)}, in the {time}"
    return f"{_NOTHING_SENT}: its audience was read, and nothing followed", got


def _has_read_such_a_date(history: History) -> bool:
    """Return True if the bridge sent to someone whose time could be read with day and month swapped, too."""
    return any(
        recipient.deliveries and recipient.obligation.trigger is None and swapped_date(recipient.obligation.due)
        for recipient in ledger(history).recipients
    )


def _dropped(history: History, obligation: Obligation) -> str:
    """Return how many customers of the campaign the bridge reported as dropped, in words; empty if none."""
    key = campaign_key(obligation)
    totals = {
        item.template: item.value
        for push in history.metrics
        for item in push.items
        if campaign_key(item) == key and item.metric == DROPPED
    }
    count = sum(totals.values())
    return f"; {count:,} reported as dropped" if count else ""


def _sends(history: History, obligation: Obligation, start: int, end: int) -> list[Request]:
    """Return the sends that may be this campaign's: their messages belong to no other campaign or channel.

    A rejected message with a text that the campaign can have is a reason before all that look at sends.
    """
    name, others = _provider_name(history, obligation), _campaigns_of_sends(history)
    own = frozenset({campaign_key(obligation)})
    rejected = {rejection.request for rejection in history.rejections if rejection.text}
    return [
        request
        for request in calls_between(history, start, end)
        if request.service == name
        and is_send(request)
        and request.n not in rejected
        and others.get(request.n, own) & own
    ]


@cached_per_history
def _campaigns_of_sends(history: History) -> Mapping[int, frozenset[CampaignKey]]:
    """Return the campaigns with messages of each send, by the line of its request."""
    found: dict[int, frozenset[CampaignKey]] = {}
    for recipient in ledger(history).recipients:
        for delivery in recipient.deliveries:
            if delivery.request is not None:
                key = campaign_key(recipient.obligation)
                found[delivery.request] = found.get(delivery.request, frozenset()) | {key}
    return found


def _provider_name(history: History, obligation: Obligation) -> str:
    return next((channel.provider for channel in history.header.channels if channel.id == obligation.channel), "")
