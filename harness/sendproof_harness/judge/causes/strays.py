"""Messages that no recipient was due: the customer behind each number, and the template of the text."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.population import population
from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.causes.numbers import digits
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.templates import campaign_templates, due_template, versions
from sendproof_harness.judge.findings import cached_per_history

# One message to a wrong address is no copy: its recipient got none.
_LEAST_COPIES = 2
_COPIES = "copies of the messages to customers, to an address of no customer"
# Country codes have one to three digits.
_PREFIX_MAX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A delivery without a recipient, and its explanation: `cause`, and `owner` in words if customers explain it.

    `customers` are those who may have this number, the likeliest first.
    """

    delivery: Delivery
    cause: str
    owner: str = ""
    customers: tuple[str, ...] = ()


@cached_per_history
def strays(history: History) -> tuple[Stray, ...]:
    """Return the explanation of each delivery that belongs to no recipient.

    Numbers that only a probe named are left out: `listener.no_side_effects` names the probe.
    """
    probed = {probe.number for probe in history.probes}
    unmatched = [delivery for delivery in ledger(history).unmatched if delivery.number not in probed]
    return tuple(map(_explainer(history), unmatched)) if unmatched else ()


def _explainer(history: History) -> Callable[[Delivery], Stray]:
    unusable, changed = _UnusableNumbers(history), _changed_numbers(history)
    copied = _addresses_of_copies(history)

    def explain(delivery: Delivery) -> Stray:
        hypotheses = (
            _of_other_client(history, delivery),
            _of_changed_number(changed, delivery),
            unusable.explain(delivery),
            Stray(delivery=delivery, cause=_COPIES) if delivery.number in copied else None,
        )
        found = next((stray for stray in hypotheses if stray is not None), None)
        return found or Stray(
            delivery=delivery, cause=f"a message that no recipient was due{_origin(history, delivery)}"
        )

    return explain


# -- numbers ----------------------------------------------------------------------------------------


class _UnusableNumbers:
    """The customers without a usable number, by the digits of the unusable one without leading zeros."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._found: defaultdict[str, list[Obligation]] = defaultdict(list)
        self._explained: set[int] = set()
        for obligation, _ in population(history):
            if obligation.number is None and obligation.raw_number is not None:
                self._found[digits(obligation.raw_number).lstrip("0")].append(obligation)

    def explain(self, delivery: Delivery) -> Stray | None:
        """Return the customer with this unusable number; of several, one with the template and the time."""
        for prefix, rest in _splits(digits(delivery.number)):
            found = self._found.get(rest.lstrip("0"), ())
            fitting = [obligation for obligation in found if _is_raw(obligation.raw_number or "", rest)]
            if fitting:
                return self._stray(delivery, fitting, f", with {prefix} in front" if prefix else "")
        return None

    def _stray(self, delivery: Delivery, candidates: list[Obligation], how: str) -> Stray:
        ranks = {id(candidate): self._rank(delivery, candidate) for candidate in candidates}
        best = min(candidates, key=lambda candidate: ranks[id(candidate)])
        likely = [candidate for candidate in candidates if ranks[id(candidate)] == ranks[id(best)]]
        self._explained.add(id(best))
        customers = tuple(dict.fromkeys(candidate.customer for candidate in (best, *likely)))
        others = f" (or of {len(customers) - 1:,} others)" if len(customers) > 1 else ""
        return Stray(
            delivery=delivery,
            cause=f"a message to the unusable number of a customer{how}",
            owner=f"the unusable number {best.raw_number} of {customers[0]}{others}{how}",
            customers=customers,
        )

    def _rank(self, delivery: Delivery, candidate: Obligation) -> tuple[bool, bool, int]:
        """Return how badly a customer fits a delivery: by template, by earlier deliveries, and by time."""
        template = due_template(self._history, candidate)
        is_other = template is None or template.text.values(delivery.text) is None
        return is_other, id(candidate) in self._explained, abs(delivery.send_at - candidate.due)


def _changed_numbers(history: History) -> Mapping[str, str]:
    """Return the customers with a number that changed during the run, by the digits of each new one."""
    return {
        digits(change.value).lstrip("0"): change.customer
        for update in history.attributes
        for change in update.changes
        if change.field.upper() == history.header.attributes.phone.upper() and change.value
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


def _splits(number: str) -> Iterator[tuple[str, str]]:
    """Yield the possible country codes of a number with the rest, first none."""
    for length in range(min(_PREFIX_MAX, len(number)) + 1):
        yield number[:length], number[length:]


def _is_raw(raw: str, rest: str) -> bool:
    """Return True if this is the unusable number as it is written, or without its leading zeros."""
    return bool(digits(raw)) and rest in {digits(raw), digits(raw).lstrip("0")}


# -- copies -----------------------------------------------------------------------------------------


def _addresses_of_copies(history: History) -> frozenset[str]:
    """Return the addresses of no recipient that got the messages to several others, such as that of an archive."""
    obligations = [obligation for obligation, _ in population(history)]
    due, addresses = {obligation.text for obligation in obligations}, {obligation.number for obligation in obligations}
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for delivery in ledger(history).unmatched:
        if delivery.text in due and delivery.number not in addresses:
            texts[delivery.number].add(delivery.text)
    return frozenset(address for address, copied in texts.items() if len(copied) >= _LEAST_COPIES)


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
