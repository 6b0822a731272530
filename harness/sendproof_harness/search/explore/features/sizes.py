"""Larger audiences, which need more than one batch or page."""

from sendproof_harness.providers import discover
from sendproof_harness.search.explore.builder import SCHEDULED, TRIGGERED, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

# Batches of providers begin at 100, and so do the pages of their lists.
_MORE_THAN_A_BATCH = 130
# Optimove's pages have at most 10,000 customers.
_MORE_THAN_A_PAGE = 10_020
# Each of these multiplies the messages or reports of ten thousand customers.
_MANY_MESSAGES = frozenset(
    {"clients", "message type", "campaign", "cancellation", "opt-out", "change", "template", "service", "length"}
)


def _many_customers(builder: ScenarioBuilder) -> None:
    builder.others = _MORE_THAN_A_BATCH


def _two_pages(builder: ScenarioBuilder) -> None:
    builder.others = _MORE_THAN_A_PAGE


def _many_opt_outs(builder: ScenarioBuilder) -> None:
    # Where the bridge also reads the consent, only half of the share is on the list.
    builder.others = 280
    builder.audience["opted_out"] = "80%"


def _with_batches() -> frozenset[str]:
    """Return the providers that take several messages in a call: with one each, a run takes a minute."""
    return frozenset(name for name, record in discover().items() if not record.sends_one_message)


FEATURES = (
    Feature(name="customers of two batches", topic="size", apply=_many_customers),
    Feature(name="opt-outs of two pages", topic="size", apply=_many_opt_outs),
    Feature(
        name="customers of two pages",
        topic="size",
        apply=_two_pages,
        flows=frozenset({SCHEDULED}),
        without=frozenset({TRIGGERED}),
        providers=_with_batches(),
        excludes=_MANY_MESSAGES,
    ),
)
