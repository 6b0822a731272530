"""What faults did to a run, as far as a judge has to know: which calls they struck, and when the bridge was away.

A call that was struck says nothing about the bridge, unless the service did it and answered it itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.header import FaultEntry
from sendproof_harness.history.records import Fault, History, Request, Webhook
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

KILL = "kill"
_LATE = "slow_response_timeout"
PLATFORM = "optimove"

_SUCCESS = range(200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Disturbance:
    """One strike: from `at` until `until` nothing was to be had; `call` is what it struck, if that is a call."""

    strike: Fault
    at: int
    until: int
    call: Request | None


@cached_per_history
def struck(history: History) -> tuple[Disturbance, ...]:
    """Every strike with its call, in order. What is struck stands right behind its strike.

    What was missed (a kill that nobody carried out) is none.
    """
    if not history.faults:
        return ()
    entries = {entry.id: entry for entry in history.header.faults}
    calls: defaultdict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        if request.fault is not None:
            calls[request.fault.id].append(request)
    return tuple(_struck(history, strike, entries, calls) for strike in history.faults if not strike.missed)


def _struck(
    history: History, strike: Fault, entries: Mapping[str, FaultEntry], calls: Mapping[str, list[Request]]
) -> Disturbance:
    mine = calls.get(strike.id, ()) if strike.target == "call" else ()
    call = next((call for call in mine if call.n > strike.n), None)
    entry = entries.get(strike.id)
    until = _back(history, strike, entry) if strike.fault == KILL else strike.at + retry_after(entry)
    return Disturbance(strike=strike, at=strike.at, until=until, call=call)


def retry_after(entry: FaultEntry | None) -> int:
    """How long the bridge was told to stay away, in milliseconds."""
    return 0 if entry is None or entry.retry_after is None else entry.retry_after * SECOND


def _back(history: History, strike: Fault, entry: FaultEntry | None) -> int:
    """When the bridge was there again: when it was started, and took part in time if it does so at all."""
    down = 0 if entry is None else entry.down
    joined = (event.at for event in history.clocks if event.action == "joined" and event.n > strike.n)
    return max(strike.at + down, next(joined, strike.at))


@cached_per_history
def outages(history: History) -> tuple[tuple[int, int], ...]:
    """From when to when the bridge was away, because the harness had killed it."""
    return tuple((some.at, some.until) for some in struck(history) if some.strike.fault == KILL)


def is_away(history: History, at: int) -> bool:
    """Whether the bridge was away at an instant; at the first and the last of an outage it may have been."""
    return any(start <= at <= end for start, end in outages(history))


def answered_itself(request: Request) -> bool:
    """Whether the status is the service's own word on this call, and not a fault's."""
    return request.fault is None or (request.fault.effect and request.fault.response != "altered")


@cached_per_history
def before_probes(history: History) -> Sequence[Request]:
    """The calls that the bridge made before the harness posted to it: what it asks upon nonsense says nothing."""
    first = min((probe.at for probe in history.probes), default=None)
    return [one for one in history.requests if first is None or one.at < first]


def may_have_failed(request: Request) -> bool:
    """Whether the bridge could not see what became of this call."""
    return request.fault is not None and request.fault.response != "intact"


def was_read(request: Request) -> bool:
    """Whether the bridge may have read the reply: one that is only late, a patient client reads."""
    return not may_have_failed(request) or (request.fault is not None and request.fault.fault == _LATE)


def is_sending(request: Request) -> bool:
    """Return True if this call may send messages: every call to a provider of which no send operation is known."""
    sending = provider(request.service).send_operations
    return request.operation in sending if sending else request.service != PLATFORM


@cached_per_history
def services_without_record(history: History) -> frozenset[str]:
    """Providers that cannot be asked what they took: whoever never answered such a question counts as one."""
    answered = {
        (request.service, request.operation)
        for request in history.requests
        if request.status in _SUCCESS and request.operation == provider(request.service).record_operation
    }
    providers = {channel.provider for channel in history.header.channels}
    return frozenset(name for name in providers if not _has_record(name, answered))


def _has_record(name: str, answered: set[tuple[str, str | None]]) -> bool:
    record = provider(name)
    return record.has_record and (record.record_operation is None or (name, record.record_operation) in answered)


@cached_per_history
def unseen_sends(history: History) -> Mapping[str, tuple[Request, ...]]:
    """By provider: calls that would have sent something, were not done, and got no answer that says so."""
    found: defaultdict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        lost = request.fault is not None and not request.fault.effect and request.fault.response == "lost"
        if lost and is_sending(request):
            found[request.service].append(request)
    return {name: tuple(some) for name, some in found.items()}


@cached_per_history
def unseen_replies(history: History) -> frozenset[int]:
    """The lines of calls that sent something, and whose reply never came or could not be read."""
    return frozenset(
        request.n
        for request in history.requests
        if request.fault is not None and request.fault.effect and may_have_failed(request) and is_sending(request)
    )


@cached_per_history
def first_heard(history: History) -> Mapping[str, int | None]:
    """When each event of the platform first came to the bridge, by key; None when it never did, through no fault of it.

    An attempt that was lost on the way, or that came while the bridge was away, is none.
    """
    heard: dict[str, int | None] = {}
    for attempt in history.webhooks:
        if attempt.service == PLATFORM and heard.get(attempt.key) is None:
            heard[attempt.key] = attempt.at if has_come(history, attempt) else None
    return heard


def has_come(history: History, attempt: Webhook) -> bool:
    """Whether this attempt came to a bridge that was there."""
    return not attempt.dropped and (attempt.status is not None or not is_away(history, attempt.at))


@cached_per_history
def troubled(history: History) -> Mapping[str, int | None]:
    """Of notifications of providers that were struck, lost or refused: by key, when one got through, if one did."""
    found: dict[str, int | None] = {}
    for attempt in history.webhooks:
        if attempt.service == PLATFORM:
            continue
        through = is_through(attempt)
        if attempt.key in found:
            if through and found[attempt.key] is None:
                found[attempt.key] = attempt.at
        elif not through or attempt.fault is not None:
            found[attempt.key] = attempt.at if through else None
    return found


def is_through(attempt: Webhook) -> bool:
    """Whether the bridge said that it has it."""
    return not attempt.dropped and attempt.status in _SUCCESS


def message_of(key: str) -> str:
    """The message that a provider's notification is about, of its key `event:message` or `event:message:copy`."""
    return key.split(":", 2)[1] if ":" in key else key


@cached_per_history
def troubled_messages(history: History) -> Mapping[str, int | None]:
    """By message: when the bridge was told what became of it, of those of which a notification was troubled."""
    found: dict[str, int | None] = {}
    for key, at in troubled(history).items():
        message = message_of(key)
        known = found.get(message, at)
        found[message] = None if at is None or known is None else max(at, known)
    return found
