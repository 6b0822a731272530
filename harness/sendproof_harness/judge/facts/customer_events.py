"""What happened to each customer, as far as a report may tell it: by customer and metric, when each became known.

A report cannot be asked for what the bridge had no way to know, and may tell what the provider took back later.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import DeliveryStatus, History
from sendproof_harness.judge.checks.metrics import BOUNCED, CLICKED, DROPPED, UNSUBSCRIBED
from sendproof_harness.judge.facts.consent import customers_of, left
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import PLATFORM, is_through, message_of
from sendproof_harness.judge.facts.provider_totals import METRIC_OF
from sendproof_harness.judge.findings import cached_per_history

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened to a customer at `at`; `sure` if a bridge that tells of it has to know it by the end.

    `told` is when it knew: when the provider posted it, or when it decided itself; None where it had to ask.
    """

    at: int
    sure: bool
    told: int | None = None


@cached_per_history
def happened(history: History) -> Mapping[Key, tuple[Happening, ...]]:
    """Everything, by customer and metric, in order."""
    found: defaultdict[Key, list[Happening]] = defaultdict(list)
    for key, one in _all(history):
        found[key].append(one)
    return {key: tuple(sorted(some, key=lambda one: one.at)) for key, some in found.items()}


@cached_per_history
def done(history: History) -> Mapping[Key, tuple[Happening, ...]]:
    """What customers did: clicks and opt-outs, of which not every provider tells the bridge."""
    clicked = {click.message for click in history.clicks}
    messages = {
        delivery.message: fate.obligation.customer
        for fate in (ledger(history).fates if clicked else ())
        for delivery in fate.deliveries
        if delivery.message in clicked
    }
    found: defaultdict[Key, list[Happening]] = defaultdict(list)
    for click in history.clicks:
        if click.message in messages:
            found[messages[click.message], CLICKED].append(Happening(at=click.at, sure=False))
    customers = customers_of(history)
    for gone in history.opt_outs:
        for customer in customers.get(gone.number, ()):
            found[customer, UNSUBSCRIBED].append(Happening(at=gone.at, sure=False))
    return {key: tuple(some) for key, some in found.items()}


def _all(history: History) -> Iterator[tuple[Key, Happening]]:
    ended: defaultdict[str, list[DeliveryStatus]] = defaultdict(list)
    for outcome in history.delivery_statuses:
        ended[outcome.message].append(outcome)
    refused = {rejection.number for rejection in history.rejections}
    gone, told = left(history), _told(history)
    for fate in ledger(history).fates:
        customer, due = fate.obligation.customer, fate.obligation.due
        for metric, one in _endings(fate, ended, told):
            yield (customer, metric), one
        if not fate.deliveries and fate.name != "pending":
            sure = fate.name == "withheld" and customer not in gone and fate.obligation.reason in _DROPS
            yield (customer, DROPPED), Happening(at=due, sure=sure, told=due if sure else None)
            if fate.name == "refused":
                yield (customer, BOUNCED), Happening(at=due, sure=False)
        elif fate.obligation.number in refused:
            yield (customer, DROPPED), Happening(at=due, sure=False)
    for key, some in done(history).items():
        yield from ((key, one) for one in some)


def _told(history: History) -> Mapping[str, int]:
    """By message: when something about it first got through to the bridge."""
    found: dict[str, int] = {}
    for attempt in history.webhooks:
        if attempt.service != PLATFORM and is_through(attempt):
            found.setdefault(message_of(attempt.key), attempt.at)
    return found


# Of customers who were not cleared, or whose campaign was cancelled, nobody says that they count as dropped.
_DROPS = frozenset({"opted_out", "unusable_number"})


def _endings(
    fate: RecipientResult, ended: Mapping[str, Iterable[DeliveryStatus]], told: Mapping[str, int]
) -> Iterator[tuple[int, Happening]]:
    for delivery in fate.deliveries:
        some, heard = list(ended.get(delivery.message, ())), told.get(delivery.message)
        for outcome in some:
            metric = METRIC_OF.get(outcome.status)
            if metric is not None:
                sure = heard is not None and len(some) == 1
                yield (
                    metric,
                    Happening(at=outcome.at, sure=sure, told=None if heard is None else max(heard, outcome.at)),
                )
