"""The delivery ledger: the result for every obligation, and the deliveries that belong to none.

`delivery_matching` assigns deliveries to obligations; this module names the result. Test-mode deliveries reach no phone
and do not count. Neither do deliveries that the bridge withdrew before they went out. A message is `indefinite` if a
fault hid its result from the bridge and the provider keeps no record: it is neither right nor wrong. So is a message
that a bridge outside virtual time sent before it could know that the campaign is cancelled.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sendproof_harness.history.population import population
from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.consent import opt_outs, opted_out_by, violated_by
from sendproof_harness.judge.facts.deliveries.cancellations import Cancellation, cancellations
from sendproof_harness.judge.facts.deliveries.cancelled_sends import with_cancelled_sends
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines, first_notified
from sendproof_harness.judge.facts.deliveries.matching import is_early, lateness, match
from sendproof_harness.judge.facts.deliveries.message_types import message_type
from sendproof_harness.judge.facts.deliveries.refusals import is_refused_from_any_bridge, may_look_undelivered
from sendproof_harness.judge.facts.deliveries.template_changes import current_obligations, with_due_texts
from sendproof_harness.judge.facts.fault_effects import hidden_failed_sends, outages, providers_without_record
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.pages import pages
from sendproof_harness.judge.facts.wishes import has_free_text
from sendproof_harness.judge.findings import cached_per_history

ResultKind = Literal[
    "ok",
    "withheld",
    "refused",
    "pending",
    "indefinite",
    "lost",
    "duplicated",
    "wrong text",
    "wrong number",
    "early",
    "late",
    "sent to opted-out",
    "unexpected",
]

#: The meaning of each result for readers of a report, in the order of the report.
RESULT_MEANINGS: Mapping[ResultKind, str] = {
    "ok": "got the right message once, at the right address, in time",
    "withheld": "correctly got no message: opted out, without a usable number or address, unknown to the provider,"
    " not cleared, in the control group, or campaign cancelled",
    "refused": "the provider sends no message to this address or customer, or not this text, from any bridge",
    "pending": "was not due before the end of the history",
    "indefinite": "cannot be decided: a fault hid the result of a send from the bridge,"
    " or the message went out while the campaign was cancelled, or before the bridge could know of that",
    "lost": "was due a message and got none",
    "duplicated": "got the same message more than once",
    "wrong text": "got a text other than the due one",
    "wrong number": "the message went to a wrong address, or to the right one in a wrong format",
    "early": "got it before it was due",
    "late": "got it too long after it was due",
    "sent to opted-out": "opted out and got a message anyway",
    "unexpected": "a message that no recipient was due",
}
RESULT_KINDS: tuple[ResultKind, ...] = tuple(RESULT_MEANINGS)

#: The reasons of a provider that itself sends nothing to a customer, whatever the bridge does.
PROVIDER_EXCLUSIONS = frozenset({"outside_segment", "suppressed", "no_device", "unsubscribed"})

# Outside virtual time, a message that is much too early is `ok` as well.
_OK_WITHOUT_TIMES = "got the right message once, at the right address; its time was not judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipientResult:
    """The result for one obligation, with all deliveries that belong to it, the best match first."""

    obligation: Obligation
    kind: ResultKind
    deliveries: tuple[Delivery, ...] = ()

    @property
    def offset(self) -> int | None:
        """Milliseconds from due to sent; negative means early."""
        return self.deliveries[0].send_at - self.obligation.due if self.deliveries else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """One result per obligation, and the `unmatched` deliveries that belong to none.

    Results in a group of `interchangeable` share their deliveries: a statement about one of them may be true of any.
    """

    recipients: tuple[RecipientResult, ...]
    interchangeable: tuple[tuple[RecipientResult, ...], ...]
    unmatched: tuple[Delivery, ...]
    counts: Mapping[str, int]
    timed: bool


@cached_per_history
def ledger(history: History) -> Ledger:
    """Match the deliveries of a history to its obligations, and name the results."""
    obligations, timed = current_obligations(history), times_are_meaningful(history)
    read = {key for key, campaign_pages in pages(history).items() if any(page.rows for page in campaign_pages)}
    matching = match(
        obligations,
        _counted_deliveries(history),
        timed=timed,
        deadline=deadlines(history),
        is_unread=lambda obligation: obligation.trigger is None and campaign_key(obligation) not in read,
        type_of=lambda obligation: message_type(history, obligation.channel),
    )
    matched = matching.matched if timed else with_cancelled_sends(history, matching.matched)
    result_kind = _classifier(history, timed=timed)
    recipients = _with_indefinite(
        history,
        tuple(
            RecipientResult(obligation=obligation, kind=result_kind(obligation, deliveries), deliveries=deliveries)
            for obligation, deliveries in zip(obligations, matched, strict=True)
        ),
    )
    counts = Counter[str]()
    for recipient in recipients:
        counts[recipient.kind] += count_of(history, recipient)
    counts["unexpected"] += len(matching.unmatched)
    groups = tuple(tuple(recipients[position] for position in group) for group in matching.interchangeable())
    return Ledger(
        recipients=recipients,
        interchangeable=groups,
        unmatched=tuple(matching.unmatched),
        counts=counts,
        timed=timed,
    )


def result_meaning(history: History, kind: ResultKind) -> str:
    """Return the meaning of a result in this run, which may have no times to judge."""
    return RESULT_MEANINGS[kind] if kind != "ok" or ledger(history).timed else _OK_WITHOUT_TIMES


def recipient_meaning(history: History, recipient: RecipientResult) -> str:
    """Return the meaning of one recipient's result, with the one reason why no message was to go out."""
    if recipient.kind != "withheld":
        return result_meaning(history, recipient.kind)
    return f"correctly got no message: {_withheld_because(history, recipient.obligation)}"


def _withheld_because(history: History, obligation: Obligation) -> str:
    if not obligation.owed:
        reason = obligation.reason or "no reason given"
        return _REASONS.get(reason, reason.replace("_", " "))
    if obligation.channel in testing_channels(history):
        return "the channel is in testing mode"
    is_opted_out = opted_out_by(history, obligation, deadlines(history)(obligation)) is not None
    return "opted out after the announcement" if is_opted_out else "the campaign was cancelled"


_REASONS: Mapping[str, str] = {
    "unusable_number": "the client has no usable number",
    "unusable_address": "the client has no usable e-mail address",
    "unknown_customer": "unknown to the provider, because its last import did not have the customer",
    "not_cleared": "not cleared for the campaign",
    "cancelled": "the campaign was cancelled",
    "control_group": "in the control group of the campaign",
    "visitor": "a visitor, of whom Optimove has no attributes",
}


def reported_kind(history: History, recipient: RecipientResult) -> ResultKind:
    """Return the result by which a report may count a recipient without a message."""
    is_refused = recipient.kind == "withheld" and may_look_undelivered(history, recipient.obligation)
    return "refused" if is_refused else recipient.kind


def count_of(history: History, recipient: RecipientResult) -> int:
    """Return the number of recipients that one of a condensed history represents; 1 in any other history."""
    return history.alike.customers.get(recipient.obligation.customer, 1)


def count_recipients(history: History, recipients: Iterable[RecipientResult]) -> int:
    """Return the number of recipients that these represent."""
    return history.alike.count_customers(recipient.obligation.customer for recipient in recipients)


def all_results(history: History) -> Iterator[tuple[Obligation, RecipientResult]]:
    """Yield all obligations with their results, those of a condensed history with the result that represents them."""
    recipients = ledger(history).recipients
    for obligation, position in population(history):
        is_kept = obligation is history.obligations[position]
        yield recipients[position].obligation if is_kept else obligation, recipients[position]


def is_right_place(history: History, obligation: Obligation, delivery: Delivery) -> bool:
    """Return True if a message went to the address of an obligation, and is of the type of its channel."""
    return delivery.number == obligation.number and delivery.message_type == message_type(history, obligation.channel)


def matched_recipients(history: History) -> list[RecipientResult]:
    """Return the recipients who were due a message and got at least one."""
    return [recipient for recipient in ledger(history).recipients if recipient.obligation.owed and recipient.deliveries]


def timed_recipients(history: History) -> list[RecipientResult]:
    """Return the recipients with a send time to judge: due a message, got one, and the deadline is over.

    So are those who got one before its time, although their campaign was cancelled later.
    """
    return [
        recipient
        for recipient in ledger(history).recipients
        if recipient.kind == "early"
        or (recipient.obligation.owed and recipient.deliveries and recipient.kind != "pending")
    ]


def _counted_deliveries(history: History) -> Iterable[Delivery]:
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in history.withdrawals}
    real = (delivery for delivery in history.deliveries if not delivery.test)
    if withdrawn:
        real = (delivery for delivery in real if (delivery.service, delivery.message) not in withdrawn)
    return with_due_texts(history, real)


def testing_channels(history: History) -> frozenset[int]:
    """Return the channels in testing mode, on which no message may go out."""
    return frozenset(channel.id for channel in history.header.channels if channel.testing)


@cached_per_history
def has_due_message(history: History) -> bool:
    """Return True if any message is due; on a channel in testing mode, none is."""
    testing = testing_channels(history)
    return any(obligation.owed and obligation.channel not in testing for obligation in history.obligations)


def has_campaign_message_to_time(history: History) -> bool:
    """Return True if any message of a scheduled campaign is due, or went out before its campaign was cancelled."""
    return has_due_campaign_message(history) or ledger(history).counts.get("early", 0) > 0


@cached_per_history
def has_due_campaign_message(history: History) -> bool:
    """Return True if any message of a scheduled campaign is due."""
    testing = testing_channels(history)
    return any(
        obligation.owed and obligation.trigger is None and obligation.channel not in testing
        for obligation in history.obligations
    )


# -- results ----------------------------------------------------------------------------------------

_Classifier = Callable[[Obligation, tuple[Delivery, ...]], ResultKind]


def _classifier(history: History, *, timed: bool) -> _Classifier:
    ended, deadline, testing = history.header.ended, deadlines(history), testing_channels(history)
    cancelled = cancellations(history)
    has_opt_outs = bool(opt_outs(history))

    def result_kind(obligation: Obligation, deliveries: tuple[Delivery, ...]) -> ResultKind:
        cancellation = cancelled.get(campaign_key(obligation))
        if not obligation.owed:
            return _forbidden_kind(obligation, deliveries, cancellation, timed=timed)
        if obligation.channel in testing:
            return "unexpected" if deliveries else "withheld"
        latest = deadline(obligation)
        if obligation.due > ended or (not deliveries and latest > ended):
            return "pending"
        by_consent = _kind_by_consent(history, obligation, deliveries, latest) if has_opt_outs else None
        if by_consent is not None:
            return by_consent
        if not deliveries:
            return _missing_kind(history, obligation, cancellation, latest)
        is_right = is_right_place(history, obligation, deliveries[0])
        kind = _delivered_kind(obligation, deliveries, latest, timed=timed, is_right_place=is_right)
        return "indefinite" if kind == "wrong text" and has_free_text(history, obligation) else kind

    return result_kind


def _kind_by_consent(
    history: History, obligation: Obligation, deliveries: Sequence[Delivery], latest: int
) -> ResultKind | None:
    if not deliveries:
        return "withheld" if opted_out_by(history, obligation, latest) is not None else None
    violations = (violated_by(history, obligation, delivery) for delivery in deliveries)
    return "sent to opted-out" if any(violation is not None for violation in violations) else None


def _missing_kind(
    history: History, obligation: Obligation, cancellation: Cancellation | None, latest: int
) -> ResultKind:
    if is_refused_from_any_bridge(history, obligation):
        return "refused"
    # The message was still in time when its campaign was cancelled.
    is_just_cancelled = cancellation is not None and latest > cancellation.at
    return "withheld" if is_just_cancelled else "lost"


def _delivered_kind(
    obligation: Obligation, deliveries: Sequence[Delivery], latest: int, *, timed: bool, is_right_place: bool
) -> ResultKind:
    """Return the most serious of several defects: a duplicate, the address, the text, the time."""
    if len(deliveries) > 1:
        return "duplicated"
    if not is_right_place:
        return "wrong number"
    if deliveries[0].text != obligation.text:
        return "wrong text"
    return _KIND_BY_LATENESS[lateness(deliveries[0].send_at, obligation.due, latest)] if timed else "ok"


def _forbidden_kind(
    obligation: Obligation, deliveries: Sequence[Delivery], cancellation: Cancellation | None, *, timed: bool
) -> ResultKind:
    if not deliveries:
        return "refused" if obligation.reason in PROVIDER_EXCLUSIONS else "withheld"
    if obligation.reason == "cancelled" and cancellation is not None and len(deliveries) == 1:
        # A message that was on its way at the time of the cancellation cannot be stopped, so both are right. Outside
        # virtual time, it went out too early to show what the bridge does about a cancellation.
        if not cancellation.allows(deliveries[0]):
            return "unexpected"
        return "early" if timed and is_early(deliveries[0].send_at, obligation.due) else "indefinite"
    return "sent to opted-out" if obligation.reason == "opted_out" else "unexpected"


_KIND_BY_LATENESS: Mapping[int, ResultKind] = {-1: "early", 0: "ok", 1: "late"}


# -- indefinite results -----------------------------------------------------------------------------


#: The messages to one provider that a bridge may have been sending when it was killed: it makes a few calls at once.
SENDS_AT_A_KILL = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class _FailedSend:
    """A send at `at` without a known result. A bridge that was killed then may have been sending what was due."""

    at: int
    is_kill: bool


def _with_indefinite(history: History, recipients: tuple[RecipientResult, ...]) -> tuple[RecipientResult, ...]:
    """Replace `lost` by `indefinite` where the bridge cannot know about the loss."""
    failed_sends = _unknowable_sends(history)
    if not failed_sends and not history.faults and not any(attempt.dropped for attempt in history.webhooks):
        return recipients
    notified = first_notified(history)
    return tuple(
        replace(recipient, kind="indefinite")
        if recipient.kind == "lost"
        and (notified(recipient.obligation) is None or _take_failed_send(history, recipient, failed_sends))
        else recipient
        for recipient in recipients
    )


def _unknowable_sends(history: History) -> dict[str, list[_FailedSend]]:
    """Return the sends of which the bridge cannot know whether they failed, by provider without a record.

    First those whose request has no response, in order, and then those that may have been cut off by a kill.
    """
    without_record, kills = providers_without_record(history), [start for start, _ in outages(history)]
    requests = hidden_failed_sends(history)
    return {
        provider: [
            *(_FailedSend(at=request.at, is_kill=False) for request in requests.get(provider, ())),
            *(_FailedSend(at=at, is_kill=True) for at in kills for _ in range(SENDS_AT_A_KILL)),
        ]
        for provider in without_record
    }


def _take_failed_send(
    history: History, recipient: RecipientResult, failed_sends: Mapping[str, list[_FailedSend]]
) -> bool:
    """Return True if a failed send may have been this message's, and remove it: each send was for one message."""
    obligation = recipient.obligation
    provider = next((channel.provider for channel in history.header.channels if channel.id == obligation.channel), "")
    sends, latest = failed_sends.get(provider, []), deadlines(history)(obligation)
    for send in sends:
        if (obligation.due if send.is_kill else obligation.at) <= send.at <= latest:
            sends.remove(send)
            return True
    return False
