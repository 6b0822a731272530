"""What happened to each customer, as far as a report may tell it: by customer and metric, when each became known.

A report cannot be asked for what the bridge had no way to know, and may tell what the provider took back later.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_scenarios.checks.consent import customers_of, left
from sendproof_scenarios.checks.disturbance import troubled_messages
from sendproof_scenarios.checks.ledger import Fate, ledger
from sendproof_scenarios.checks.metrics import CLICKED, DROPPED, UNSUBSCRIBED
from sendproof_scenarios.checks.said import METRIC_OF, NEVER_PUSHED
from sendproof_scenarios.findings import once_per_history
from sendproof_scenarios.history import History, Outcome

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened to a customer at `at`; `sure` if the bridge was told, or did it itself."""

    at: int
    sure: bool


@once_per_history
def happened(history: History) -> Mapping[Key, tuple[Happening, ...]]:
    """Everything, by customer and metric, in order."""
    found: defaultdict[Key, list[Happening]] = defaultdict(list)
    for key, one in _all(history):
        found[key].append(one)
    return {key: tuple(sorted(some, key=lambda one: one.at)) for key, some in found.items()}


def _all(history: History) -> Iterator[tuple[Key, Happening]]:
    ended: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in history.outcomes:
        ended[outcome.message].append(outcome)
    refused = {rejection.number for rejection in history.rejections}
    gone = left(history)
    messages: dict[str, str] = {}
    told = troubled_messages(history)
    for fate in ledger(history).fates:
        customer = fate.obligation.customer
        messages |= {delivery.message: customer for delivery in fate.deliveries}
        for metric, one in _endings(fate, ended, told):
            yield (customer, metric), one
        if not fate.deliveries and fate.name != "pending":
            sure = fate.name == "withheld" and customer not in gone and fate.obligation.reason in _DROPS
            yield (customer, DROPPED), Happening(at=fate.obligation.due, sure=sure)
        elif fate.obligation.number in refused:
            yield (customer, DROPPED), Happening(at=fate.obligation.due, sure=False)
    yield from _done(history, messages)


# Of customers who were not cleared, or whose campaign was cancelled, nobody says that they count as dropped.
_DROPS = frozenset({"opted_out", "unusable_number"})


def _endings(
    fate: Fate, ended: Mapping[str, Iterable[Outcome]], told: Mapping[str, int | None]
) -> Iterator[tuple[int, Happening]]:
    for delivery in fate.deliveries:
        some = list(ended.get(delivery.message, ()))
        for outcome in some:
            metric = METRIC_OF.get(outcome.status)
            if metric is not None:
                heard = told.get(delivery.message, outcome.at)
                sure = heard is not None and len(some) == 1 and outcome.status != NEVER_PUSHED
                yield metric, Happening(at=max(outcome.at, heard or 0), sure=sure)


def _done(history: History, messages: Mapping[str, str]) -> Iterator[tuple[Key, Happening]]:
    """Clicks and opt-outs, of which not every provider tells the bridge."""
    for click in history.clicks:
        customer = messages.get(click.message)
        if customer is not None:
            yield (customer, CLICKED), Happening(at=click.at, sure=False)
    customers = customers_of(history)
    for gone in history.opt_outs:
        for customer in customers.get(gone.number, ()):
            yield (customer, UNSUBSCRIBED), Happening(at=gone.at, sure=False)
