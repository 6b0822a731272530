"""The effects of faults on a run: the affected requests and webhooks, and the times when the bridge was down.

A request with an injected fault shows nothing about the bridge, unless the service processed it and answered it itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.header import Fault, FaultEntry
from sendproof_harness.history.records import Clock, ForgedWebhook, History, Request, Webhook
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged, is_success
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

KILL = "kill"
_KEY_STATUSES = frozenset({401, 403, 429})
_KEY_FAULTS = frozenset({"rate_limited", "unauthorized", KILL})
_SLOW = "slow_response_timeout"
_CLIENT_ERRORS = range(400, 500)
OPTIMOVE = "optimove"
#: The name under which the harness joins the clock, to hold time while it restarts the bridge.
HARNESS = "sendproof"
# Begins the message in the key of a webhook about a message that another system of the client sent.
_OTHER_SYSTEM = "other-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Injection:
    """One injection: the service or the bridge was unavailable from `at` until `until`.

    `request` is the affected request, or None if the fault affected a webhook.
    """

    fault: Fault
    at: int
    until: int
    request: Request | None

    @property
    def is_kill(self) -> bool:
        """True if the bridge was killed."""
        return self.fault.fault == KILL

    @property
    def is_kill_at_webhook(self) -> bool:
        """True if the bridge was killed at a webhook of this client."""
        return self.is_kill and self.fault.target == "webhook" and not self.fault.is_elsewhere

    @property
    def affects_key(self) -> bool:
        """True if every call with the key of the affected one may have had to wait."""
        has_status = self.request is not None and self.request.status in _KEY_STATUSES
        return has_status or self.fault.fault in _KEY_FAULTS


# -- injections -------------------------------------------------------------------------------------


@cached_per_history
def injections(history: History) -> tuple[Injection, ...]:
    """Return every injection with its request, in order.

    The line of the affected request follows the line of its injection. Missed injections (a kill that was not carried
    out) are left out.
    """
    if not history.faults:
        return ()
    entries = {entry.id: entry for entry in history.header.faults}
    requests: defaultdict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        if request.fault is not None:
            requests[request.fault.id].append(request)
    return tuple(_injection(history, fault, entries, requests) for fault in history.faults if not fault.missed)


def _injection(
    history: History, fault: Fault, entries: Mapping[str, FaultEntry], requests: Mapping[str, list[Request]]
) -> Injection:
    candidates = requests.get(fault.id, ()) if fault.target == "call" else ()
    affected = next((request for request in candidates if request.n > fault.n), None)
    entry = entries.get(fault.id)
    until = _bridge_back_at(history, fault, entry) if fault.fault == KILL else fault.at + retry_delay(entry)
    return Injection(fault=fault, at=fault.at, until=until, request=affected)


def demanded_delay(history: History, limited: Request) -> int:
    """Return the time that a 429 response demanded, in milliseconds; 0 if it demanded none."""
    if limited.retry_after is not None:
        return limited.retry_after * SECOND
    entry = next((entry for entry in history.header.faults if limited.fault and entry.id == limited.fault.id), None)
    return retry_delay(entry)


def retry_delay(entry: FaultEntry | None) -> int:
    """Return the Retry-After time that the fault sends, in milliseconds."""
    return 0 if entry is None or entry.retry_after is None else entry.retry_after * SECOND


def _bridge_back_at(history: History, fault: Fault, entry: FaultEntry | None) -> int:
    """Return the time of the restart, or of joining the clock if the bridge does that."""
    down = fault.down if entry is None else entry.down
    joined = (event.at for event in history.clocks if event.n > fault.n and _is_bridge_joining(event))
    return max(fault.at + down, next(joined, fault.at))


def _is_bridge_joining(event: Clock) -> bool:
    return event.action == "joined" and event.participant != HARNESS


@cached_per_history
def outages(history: History) -> tuple[tuple[int, int], ...]:
    """Return start and end of each period when the bridge was down because the harness had killed it."""
    return tuple((injection.at, injection.until) for injection in injections(history) if injection.is_kill)


def is_bridge_down(history: History, at: int) -> bool:
    """Return True if the bridge may have been down at an instant; both ends of an outage count."""
    return any(start <= at <= end for start, end in outages(history))


def downtime(history: History, start: int, end: int) -> int:
    """Return how long the bridge was down between two instants, in milliseconds."""
    return sum(max(0, min(end, back) - max(start, gone)) for gone, back in outages(history))


# -- requests ---------------------------------------------------------------------------------------


def is_own_response(request: Request) -> bool:
    """Return True if the status is the service's own, not one of a fault."""
    return request.fault is None or (request.fault.effect and request.fault.response != "altered")


@cached_per_history
def requests_before_probes(history: History) -> Sequence[Request]:
    """Return the requests before the first probe; later ones may follow from invalid events, so they prove nothing."""
    first = min((probe.at for probe in history.probes), default=None)
    return [request for request in history.requests if first is None or request.at < first]


def is_result_hidden(request: Request) -> bool:
    """Return True if a fault hid the result of this request from the bridge."""
    return request.fault is not None and request.fault.response != "intact"


def reply_visible(request: Request) -> bool:
    """Return True if the bridge may have read the response; a patient client also reads a late one."""
    return not is_result_hidden(request) or (request.fault is not None and request.fault.fault == _SLOW)


def is_send(request: Request) -> bool:
    """Return True if this request may send messages; if no send operation is known, any request may."""
    operations = provider(request.service).send_operations
    return request.operation in operations if operations else request.service != OPTIMOVE


@cached_per_history
def providers_without_record(history: History) -> frozenset[str]:
    """Return the providers that a bridge cannot ask for accepted messages.

    A provider with an optional record counts as one without, unless it answered such a request in this run.
    """
    answered = {
        (request.service, request.operation)
        for request in history.requests
        if is_success(request.status) and request.operation == provider(request.service).record_operation
    }
    names = {channel.provider for channel in history.header.channels}
    return frozenset(name for name in names if not _has_record(name, answered))


def _has_record(name: str, answered: set[tuple[str, str | None]]) -> bool:
    record = provider(name)
    return record.has_record and (record.record_operation is None or (name, record.record_operation) in answered)


def _leaves_open(request: Request) -> bool:
    return is_result_hidden(request) and request.status not in _CLIENT_ERRORS


@cached_per_history
def hidden_failed_sends(history: History) -> Mapping[str, tuple[Request, ...]]:
    """Return, by provider, the send requests that were not processed, and whose bridge could not know that.

    No response arrived, or one that leaves it open: a server error may come after the work was done. Only a client
    error (4xx) is a refusal.
    """
    failed: defaultdict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        fault = request.fault
        if fault is not None and not fault.effect and _leaves_open(request) and is_send(request):
            failed[request.service].append(request)
    return {name: tuple(requests) for name, requests in failed.items()}


@cached_per_history
def hidden_successful_sends(history: History) -> frozenset[int]:
    """Return the lines of the send requests that were processed, but with a lost or unreadable response."""
    return frozenset(
        request.n
        for request in history.requests
        if request.fault is not None and request.fault.effect and is_result_hidden(request) and is_send(request)
    )


# -- webhooks ---------------------------------------------------------------------------------------


@cached_per_history
def first_received(history: History) -> Mapping[str, int | None]:
    """Return when each Optimove event first reached the bridge, by key; None if a fault always prevented it.

    Attempts that a fault dropped, or that came while the bridge was down, do not count.
    """
    received: dict[str, int | None] = {}
    for attempt in history.webhooks:
        if attempt.service == OPTIMOVE and received.get(attempt.key) is None:
            received[attempt.key] = attempt.at if was_received(history, attempt) else None
    return received


def was_received(history: History, attempt: Webhook) -> bool:
    """Return True if this attempt arrived, and the bridge was up."""
    return not attempt.dropped and (attempt.status is not None or not is_bridge_down(history, attempt.at))


@cached_per_history
def disturbed(history: History) -> Mapping[str, int | None]:
    """Return the providers' webhooks that a fault affected or the bridge did not acknowledge, by key.

    The value is the time of the acknowledged attempt, or None.
    """
    acknowledged: dict[str, int | None] = {}
    for attempt in history.webhooks:
        if attempt.service == OPTIMOVE:
            continue
        success = is_acknowledged(attempt)
        if attempt.key in acknowledged:
            if success and acknowledged[attempt.key] is None:
                acknowledged[attempt.key] = attempt.at
        elif not success or attempt.fault is not None:
            acknowledged[attempt.key] = attempt.at if success else None
    return acknowledged


def message_of_webhook(key: str) -> str:
    """Return the message of a provider's webhook from its key, `event:message` or `event:message:copy`."""
    return key.split(":", 2)[1] if ":" in key else key


def is_of_another_system(attempt: Webhook) -> bool:
    """Return True for a webhook about a message that another system of the client sent."""
    return message_of_webhook(attempt.key).startswith(_OTHER_SYSTEM)


@cached_per_history
def disturbed_messages(history: History) -> Mapping[str, int | None]:
    """Return, for each message with a disturbed webhook, when the bridge knew its status; None if it never did."""
    known: dict[str, int | None] = {}
    for key, at in disturbed(history).items():
        message = message_of_webhook(key)
        earlier = known.get(message, at)
        known[message] = None if at is None or earlier is None else max(at, earlier)
    return known


# -- forged webhooks that the bridge acknowledged, by what they state ---------------------------------


def forged_receipts(history: History) -> tuple[ForgedWebhook, ...]:
    """Return the receipts that a stranger posted, and the bridge acknowledged."""
    return tuple(forged for forged in _acknowledged(history) if not _is_event(forged) and not _is_reply(forged))


def forged_replies(history: History) -> tuple[ForgedWebhook, ...]:
    """Return the replies STOP that a stranger posted, and the bridge acknowledged."""
    return tuple(filter(_is_reply, _acknowledged(history)))


def forged_cancellations(history: History, campaign: int) -> tuple[ForgedWebhook, ...]:
    """Return the events by which a stranger cancelled a campaign, and which the bridge acknowledged."""
    events = filter(_is_event, _acknowledged(history))
    return tuple(forged for forged in events if forged.key.split(":")[1:2] == [str(campaign)])


def proof_text(forged: Sequence[ForgedWebhook]) -> str:
    """Return which proof the bridge accepted from a stranger, as the end of a cause: "" if it may accept any."""
    if not forged or not all(copy.of_other_client for copy in forged):
        return ""
    proof = "token" if forged[0].wrong == "token" else "credential"
    return f", with the {proof} of another client"


def _acknowledged(history: History) -> Iterator[ForgedWebhook]:
    return (forged for forged in history.forged_webhooks if is_success(forged.status))


def _is_event(forged: ForgedWebhook) -> bool:
    return forged.service == OPTIMOVE


def _is_reply(forged: ForgedWebhook) -> bool:
    return not _is_event(forged) and forged.event in provider(forged.service).opt_out_events
