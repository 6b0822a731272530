"""Messages that no recipient was due: the customer whose records explain each number, and the template of the text."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.causes.numbers import digits
from sendproof_harness.judge.causes.rejections import PHONE_ATTRIBUTE
from sendproof_harness.judge.causes.templates import campaign_templates, versions
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.findings import cached_per_history

# Country codes have one to three digits.
_PREFIX_MAX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A delivery without a recipient, and its explanation: `cause`, and `owner` in words if customers explain it.

    `customers` are those whose number it may be, the likeliest first.
    """

    delivery: Delivery
    cause: str
    owner: str = ""
    customers: tuple[str, ...] = ()


@cached_per_history
def strays(history: History) -> tuple[Stray, ...]:
    """Return the explanation of each delivery that belongs to no recipient."""
    unmatched = ledger(history).unmatched
    return tuple(map(_explainer(history), unmatched)) if unmatched else ()


def _explainer(history: History) -> Callable[[Delivery], Stray]:
    unusable, changed = _unusable_numbers(history), _changed_numbers(history)

    def explain(delivery: Delivery) -> Stray:
        hypotheses = (
            _of_other_client(history, delivery),
            _of_changed_number(changed, delivery),
            _of_unusable_number(unusable, delivery),
        )
        found = next((stray for stray in hypotheses if stray is not None), None)
        return found or Stray(
            delivery=delivery, cause=f"a message that no recipient was due{_origin(history, delivery)}"
        )

    return explain


# -- numbers ----------------------------------------------------------------------------------------


def _unusable_numbers(history: History) -> Mapping[str, tuple[Obligation, ...]]:
    """Return the customers without a usable number, by the digits of the unusable one without leading zeros."""
    found: defaultdict[str, dict[str, Obligation]] = defaultdict(dict)
    for obligation in history.obligations:
        if obligation.number is None and obligation.raw_number is not None:
            found[digits(obligation.raw_number).lstrip("0")].setdefault(obligation.customer, obligation)
    return {number: tuple(of_number.values()) for number, of_number in found.items()}


def _changed_numbers(history: History) -> Mapping[str, str]:
    """Return the customers whose number changed during the run, by the digits of each new one."""
    return {
        digits(change.value).lstrip("0"): change.customer
        for update in history.attributes
        for change in update.changes
        if change.field.upper() == PHONE_ATTRIBUTE and change.value
    }


def _of_other_client(history: History, delivery: Delivery) -> Stray | None:
    other = next((other for other in history.other_clients if delivery.number in other.numbers), None)
    if other is None:
        return None
    owner = f"the number of a customer of {other.client}"
    return Stray(delivery=delivery, cause="a message to a customer of another client", owner=owner)


def _of_changed_number(changed: Mapping[str, str], delivery: Delivery) -> Stray | None:
    customer = changed.get(delivery.number)
    if customer is None:
        return None
    owner = f"a number that {customer} got during the run"
    cause = "a message to a number that a customer got after the announcement"
    return Stray(delivery=delivery, cause=cause, owner=owner, customers=(customer,))


def _of_unusable_number(unusable: Mapping[str, tuple[Obligation, ...]], delivery: Delivery) -> Stray | None:
    for prefix, rest in _splits(digits(delivery.number)):
        found = unusable.get(rest.lstrip("0"), ())
        fitting = [obligation for obligation in found if _is_raw(obligation.raw_number or "", rest)]
        if fitting:
            customers = tuple(obligation.customer for obligation in fitting)
            how = f", with {prefix} in front" if prefix else ""
            others = f" (or of {len(customers) - 1:,} others)" if len(customers) > 1 else ""
            owner = f"the unusable number {fitting[0].raw_number} of {customers[0]}{others}{how}"
            cause = f"a message to the unusable number of a customer{how}"
            return Stray(delivery=delivery, cause=cause, owner=owner, customers=customers)
    return None


def _splits(number: str) -> Iterator[tuple[str, str]]:
    """Yield the possible country codes of a number with the rest, first none."""
    for length in range(min(_PREFIX_MAX, len(number)) + 1):
        yield number[:length], number[length:]


def _is_raw(raw: str, rest: str) -> bool:
    """Return True if this is the unusable number as it is written, or without its leading zeros."""
    return bool(digits(raw)) and rest in {digits(raw), digits(raw).lstrip("0")}


# -- texts ------------------------------------------------------------------------------------------


def _origin(history: History, delivery: Delivery) -> str:
    """Return the campaign or template that the text comes from, in words; empty if it is not known."""
    for (campaign, channel), of_campaign in campaign_templates(history).items():
        if any(template.text.values(delivery.text) is not None for template in of_campaign.values()):
            return f", with a text of campaign {campaign} on channel {channel}"
    for version in versions(history):
        if version.service == delivery.service and version.text.values(delivery.text) is not None:
            return f", with the text of the template {version.title!r}"
    return ""
