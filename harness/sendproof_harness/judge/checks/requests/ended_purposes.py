"""Calls that got a 429 response and need no repetition, because what they were for has ended meanwhile.

    a call for a campaign      the campaign was cancelled
    a clearance                the campaign was cancelled, or its deadline does not leave the time for a retry
    a send                     the message is not due any more: a cancellation, an opt-out
    a look-up of a customer    the same, for all messages to the customer
    a withdrawal               the message went out before a retry was possible

A limited call names no campaign and no message. So something must have ended that it may have been for, and nothing
may be left undone that it may also have been for.
"""

from collections.abc import Callable, Iterator, Mapping

from sendproof_harness.history.records import Clearance, History, Request
from sendproof_harness.history.timestamps import HOUR
from sendproof_harness.judge.checks.clearance import LONGEST_WAIT
from sendproof_harness.judge.facts.deliveries.cancellations import RACE, cancellations
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, demanded_delay
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, pages, rows_never_read
from sendproof_harness.providers import provider

# A bridge that intends to retry has done so by then, with any usual waiting time.
_RETRY_WITHIN = 2 * HOUR

_MISSING = frozenset({"lost", "indefinite"})


def retry_by(history: History, limited: Request) -> int:
    """Return when a bridge that intends to repeat a limited call has done so."""
    return limited.at + demanded_delay(history, limited) + _RETRY_WITHIN


def has_ended(history: History, limited: Request) -> bool:
    """Return True if what a limited call was for has ended before a bridge had to repeat it."""
    record = provider(limited.service)
    if limited.operation in record.send_operations:
        return not any(_is_left_to_send(history, limited, result) for result in ledger(history).recipients)
    if limited.operation in record.withdrawing_operations:
        return _is_message_out(history, limited)
    has_purpose_ended = _ENDED.get(limited.operation or "") if limited.service == OPTIMOVE else None
    return has_purpose_ended is not None and has_purpose_ended(history, limited)


# -- messages ---------------------------------------------------------------------------------------


def _is_missing(result: RecipientResult) -> bool:
    return result.kind in _MISSING and not result.deliveries


def _is_left_to_send(history: History, limited: Request, result: RecipientResult) -> bool:
    """Return True for a missing message at the provider that the bridge could send when it was limited."""
    obligation = result.obligation
    if not _is_missing(result) or not any(
        channel.id == obligation.channel and channel.provider == limited.service for channel in history.header.channels
    ):
        return False
    if obligation.trigger is not None:
        return limited.at - _RETRY_WITHIN <= obligation.due <= limited.at
    return any(page.at <= limited.at for page in pages(history).get(campaign_key(obligation), ()))


def _is_message_out(history: History, limited: Request) -> bool:
    """Return True if a message that waited at the provider went out before the bridge could repeat its withdrawal."""
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in history.withdrawals}
    possible_at = limited.at + demanded_delay(history, limited) + RACE
    return any(
        delivery.service == limited.service
        and delivery.at <= limited.at < delivery.send_at <= possible_at
        and (delivery.service, delivery.message) not in withdrawn
        for delivery in history.deliveries
    )


def _has_customer_nothing_due(history: History, limited: Request) -> bool:
    """Return True if a message to the customer in the path was withheld, and none was due or sent afterwards."""
    names = limited.path.split("/")
    results = [result for result in ledger(history).recipients if result.obligation.customer in names]
    is_withheld = any(
        result.kind == "withheld" and limited.at - _RETRY_WITHIN <= result.obligation.due for result in results
    )
    return is_withheld and not any(
        _is_missing(result) or any(delivery.at >= limited.at for delivery in result.deliveries) for result in results
    )


# -- campaigns --------------------------------------------------------------------------------------


def _is_cancelled(history: History, limited: Request, campaign: int) -> bool:
    """Return True if the bridge learned of a cancellation before it had to repeat the call."""
    return any(
        key[0] == campaign
        and cancelled.known_at is not None
        and cancelled.ends_at is not None
        and limited.at <= cancelled.ends_at
        and cancelled.known_at <= retry_by(history, limited)
        for key, cancelled in cancellations(history).items()
    )


def _is_campaign_over(history: History, limited: Request) -> bool:
    """Return True if a campaign of that time was cancelled, and the rows of all others were read."""
    running = [
        campaign
        for campaign in history.campaigns
        if campaign.announced_at is not None and campaign.announced_at <= limited.at
    ]
    cancelled = {campaign.campaign for campaign in running if _is_cancelled(history, limited, campaign.campaign)}
    others = {campaign_key(campaign) for campaign in running} - cancellations(history).keys()
    read = {key for key, rows in rows_never_read(history).items() if not rows}
    return bool(cancelled) and others <= read


def _is_clearance_over(history: History, limited: Request) -> bool:
    """Return True if a campaign on hold was cancelled or met its deadline, and all others were cleared."""
    possible_at = limited.at + demanded_delay(history, limited) + LONGEST_WAIT
    on_hold = {hold.campaign: hold.required_by for hold in _holds(history, limited)}
    over = {
        campaign
        for campaign, required_by in on_hold.items()
        if required_by <= possible_at or _is_cancelled(history, limited, campaign)
    }
    cleared = {clearance.campaign for clearance in history.clearances if clearance.action == "given"}
    return bool(over) and on_hold.keys() <= over | cleared


def _holds(history: History, limited: Request) -> Iterator[Clearance]:
    """Yield the campaigns that waited for clearance when a call was limited."""
    return (
        clearance
        for clearance in history.clearances
        if clearance.action == "required" and clearance.at <= limited.at < clearance.required_by
    )


_ENDED: Mapping[str, Callable[[History, Request], bool]] = {
    PAGE_OPERATION: _is_campaign_over,
    "GetCampaignDetails": _is_campaign_over,
    "GetExecutedCampaignChannelDetails": _is_campaign_over,
    "GetCustomerSendDetailsByCampaign": _is_campaign_over,
    "GetCustomerExecutionDetailsByCampaign": _is_campaign_over,
    "GetCustomerOneTimeActionsByCampaign": _is_campaign_over,
    "GetProcessedCampaignCustomers": _is_clearance_over,
    "UpdateCustomerPromotionStatus": _is_clearance_over,
    "GetCustomerAttributes": _has_customer_nothing_due,
}
