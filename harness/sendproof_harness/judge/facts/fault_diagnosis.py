"""The most likely consequence of a fault: why a message is missing, or was sent more than once."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from sendproof_harness.history.records import Delivery, History, Obligation, Request
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.deliveries.deadlines import delays, event_keys
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.deliveries.refusals import refusal_codes
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, Injection, hidden_successful_sends, is_send, outages
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, pages, rows_never_read, rows_not_read_since
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS, request_before
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

#: The cause of a finding, and what the judge found instead of the message.
Diagnosis = tuple[str, str]
# Service, method, path, and the digest of query and body.
_Call = tuple[str, str, str, str | None]
#: The cause of messages that a call sent although its response was lost, and that the next call sent again.
SENT_AGAIN = "duplicated: sent again without a lookup after the response was lost"
#: The same if the bridge read the provider's record before.
OVERLOOKED = "duplicated: sent again after a lost response, and a lookup that overlooked the messages"


# -- missing messages -------------------------------------------------------------------------------


def loss_diagnosis(history: History) -> Callable[[Obligation], Diagnosis | None]:
    """Return a function that explains a missing message by a fault in something that it depended on."""
    if not history.faults:
        return lambda _: None
    unread, read, delaying = rows_never_read(history), pages(history), delays(history)

    def diagnosis(obligation: Obligation) -> Diagnosis | None:
        key = campaign_key(obligation)
        was_unread = obligation.trigger is None and (key not in read or obligation.customer in unread.get(key, ()))
        injections = [
            injection
            for injection in delaying(obligation)
            if _can_cause_loss(injection, was_unread=was_unread)
            and not _was_stored(history, injection, obligation)
            and not _was_one_message_sent(history, injection)
            and (injection.is_kill or not was_repeated(history, injection.request))
        ]
        return _loss_by(history, injections[-1]) if injections else None

    return diagnosis


def _can_cause_loss(injection: Injection, *, was_unread: bool) -> bool:
    """Return True for faults in page requests if the row is missing, or in send requests if the message is."""
    if injection.is_kill:
        return True
    if was_unread:
        return injection.fault.name == PAGE_OPERATION
    return injection.request is not None and is_send(injection.request)


def _was_stored(history: History, injection: Injection, obligation: Obligation) -> bool:
    """Return True if the bridge was killed at a webhook, and later read the row: it had stored the webhook."""
    if not injection.is_kill_at_webhook or obligation.trigger is not None:
        return False
    key = campaign_key(obligation)
    return key in pages(history) and obligation.customer not in rows_not_read_since(history, injection.fault.n, key)


def _was_one_message_sent(history: History, injection: Injection) -> bool:
    """Return True if the call sent the only message that it was about, and the bridge sent others after it."""
    request = injection.request
    if request is None or request.fault is None or not (request.fault.effect and is_send(request)):
        return False
    return provider(request.service).sends_one_message and request.n < _last_deliveries(history).get(request.service, 0)


@cached_per_history
def _last_deliveries(history: History) -> Mapping[str, int]:
    """Return the line of the last delivery of each provider."""
    return {delivery.service: delivery.n for delivery in sorted(history.deliveries, key=lambda delivery: delivery.n)}


def was_repeated(history: History, request: Request | None) -> bool:
    """Return True if the bridge repeated a failed call, and the service then processed it."""
    if request is None or request.content is None:
        return False
    return _last_processed(history).get(_call(request), request.n) > request.n


@cached_per_history
def _last_processed(history: History) -> Mapping[_Call, int]:
    """Return the line of the last call that a service processed, of those with equal query and body."""
    return {
        _call(request): request.n
        for request in history.requests
        if request.content is not None and _was_processed(request) and not refusal_codes(request)
    }


def _was_processed(request: Request) -> bool:
    return is_success(request.status) if request.fault is None else request.fault.effect


def _call(request: Request) -> _Call:
    return request.service, request.method, request.path, request.content


def _loss_by(history: History, injection: Injection) -> Diagnosis:
    fault, request = injection.fault, injection.request
    got = f"nothing after {fault.fault} ({fault.shown_id}) at {fault.service} {fault.name}"
    if injection.is_kill_at_webhook and fault.service == OPTIMOVE:
        return "lost: an acknowledged webhook was not stored, and was gone after the bridge was killed", got
    if injection.is_kill:
        return "lost: the bridge did not resume its work after it was killed", got
    if request is not None and request.status == STATUS_TOO_MANY_REQUESTS:
        return "lost: 429 ignored: the request was not retried", got
    if request is not None and request.fault is not None and request.fault.response == "lost":
        if _was_record_read(history, request):
            return (
                "lost: the response was lost, and the bridge overlooked that the provider's record has no message",
                got,
            )
        return "lost: the response was lost, and the bridge never looked up the result of the request", got
    return "lost: the request failed and was not retried", got


def _was_record_read(history: History, lost: Request) -> bool:
    """Return True if the bridge read the provider's record after the request whose response was lost."""
    return any(n > lost.n for n in _record_reads(history).get(lost.service, ())[-1:])


def _was_record_read_between(history: History, service: str, first: int, last: int) -> bool:
    """Return True if the bridge read the provider's record between two lines."""
    reads = _record_reads(history).get(service, ())
    return bisect_right(reads, first) < bisect_left(reads, last)


@cached_per_history
def _record_reads(history: History) -> Mapping[str, Sequence[int]]:
    """Return the lines of the requests that read the record of each provider, in ascending order."""
    reads: defaultdict[str, list[int]] = defaultdict(list)
    for request in history.requests:
        if is_success(request.status) and request.operation in provider(request.service).record_operations:
            reads[request.service].append(request.n)
    return {service: sorted(lines) for service, lines in reads.items()}


# -- duplicated messages ----------------------------------------------------------------------------


def duplicate_cause(history: History) -> Callable[[RecipientResult], str]:
    """Return a function that gives the cause of a duplicated message."""
    hidden, outage_times, resent = hidden_successful_sends(history), outages(history), _events_received_twice(history)

    def cause(recipient: RecipientResult) -> str:
        deliveries = sorted(recipient.deliveries, key=lambda delivery: delivery.n)
        if _was_looked_up_too_early(history, deliveries[0], deliveries[-1]):
            return "duplicated: sent again after a lookup that came before the messages of the first call existed"
        calls = [call for delivery in deliveries[:-1] if (call := send_request(history, delivery)) in hidden]
        if calls:
            was_read = _was_record_read_between(history, deliveries[0].service, max(calls), deliveries[-1].n)
            return OVERLOOKED if was_read else SENT_AGAIN
        if any(deliveries[0].at <= start <= deliveries[-1].at for start, _ in outage_times):
            return "duplicated: sent again after the bridge was killed, without a lookup of sent messages"
        if any(key in resent for key in event_keys(history)(recipient.obligation)):
            return "duplicated: the event arrived more than once, and was processed more than once"
        return "duplicated: the same message was sent more than once"

    return cause


def _was_looked_up_too_early(history: History, first: Delivery, last: Delivery) -> bool:
    """Return True if the bridge read the record between a lost call and the next, before the first message existed.

    A message that its call carried existed when the call ended. Only the messages of a provider that processes calls
    after its response have no call, and come later. A first message before the call that sent it again is that of the
    call before it: if the response of that one was lost, earlier calls and look-ups were about other messages.
    """
    if first.request is not None:
        return False
    calls, hidden = _sends(history).get(first.service, ()), hidden_successful_sends(history)
    sends = [request.n for request in calls if request.n < first.n]
    lost = [n for n in sends[:-1] if n in hidden]
    was_sent_again_later = any(first.n < request.n < last.n for request in calls)
    if not lost or (was_sent_again_later and sends[-1] in hidden):
        return False
    return _was_record_read_between(history, first.service, lost[-1], sends[-1])


def was_looked_up_by_another_clock(history: History) -> Callable[[RecipientResult], bool]:
    """Return a function that is true if the bridge looked for a message before it sent the message again, in vain.

    A bridge outside virtual time looks for the messages since its call by the clock of its machine. The times in the
    provider's record are those of the sandbox, which can be hours behind, so such a lookup finds nothing.
    """
    if times_are_meaningful(history) or not history.faults:
        return lambda _: False
    calls = {request.n: request for requests in _sends(history).values() for request in requests}
    hidden, outage_times = hidden_successful_sends(history), outages(history)

    def was_in_vain(earlier: Delivery, later: Delivery) -> bool:
        first, second = (calls.get(send_request(history, delivery) or 0) for delivery in (earlier, later))
        if first is None or second is None or abs(first.real * SECOND - first.at) <= SECOND:
            return False
        if first.n not in hidden and not any(earlier.at <= start <= later.at for start, _ in outage_times):
            return False
        return _was_record_read_between(history, earlier.service, first.n, second.n)

    def were_all_in_vain(recipient: RecipientResult) -> bool:
        return all(was_in_vain(*pair) for pair in pairwise(sorted(recipient.deliveries, key=lambda item: item.n)))

    return were_all_in_vain


@cached_per_history
def undecided_messages(history: History) -> int:
    """Return the number of messages that such a lookup let a bridge send again.

    Two campaigns may have the same text for a customer, so each may belong to the other campaign and its totals.
    """
    was_looked_up = was_looked_up_by_another_clock(history)
    duplicated = (recipient for recipient in ledger(history).recipients if recipient.kind == "duplicated")
    return sum(len(recipient.deliveries) - 1 for recipient in duplicated if was_looked_up(recipient))


@cached_per_history
def _events_received_twice(history: History) -> frozenset[str]:
    """Return the keys of events that reached the bridge more than once."""
    counts = Counter(
        attempt.key for attempt in history.webhooks if attempt.service == OPTIMOVE and attempt.status is not None
    )
    return frozenset(key for key, count in counts.items() if count > 1)


def send_request(history: History, delivery: Delivery) -> int | None:
    """Return the line of the request with this delivery: the recorded one, or else the provider's last send before it.

    The messages of an asynchronous request are accepted later, when the bridge may have sent other requests.
    """
    if delivery.request is not None:
        return delivery.request
    request = request_before(_sends(history).get(delivery.service, ()), delivery.n)
    return None if request is None else request.n


@cached_per_history
def _sends(history: History) -> Mapping[str, Sequence[Request]]:
    """Return the send requests of each provider, in their order."""
    sends: defaultdict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        if is_send(request):
            sends[request.service].append(request)
    return sends
