"""Larger audiences, which need more than one batch or page."""

from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE
from sendproof_harness.search.explore.builder import ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

# Batches of providers begin at 100, and so do the pages of their lists.
_MORE_THAN_A_BATCH = 130


def _many_customers(builder: ScenarioBuilder) -> None:
    builder.others = _MORE_THAN_A_BATCH


def _many_opt_outs(builder: ScenarioBuilder) -> None:
    builder.others = 2 * _MORE_THAN_A_BATCH
    # Half of the share is on the list where the bridge also reads the consent.
    is_shared = builder.bridge.get("consent") == CONSENT_BY_ATTRIBUTE
    builder.audience["opted_out"] = "90%" if is_shared else "50%"


FEATURES = (
    Feature(name="customers of two batches", topic="size", apply=_many_customers),
    Feature(name="opt-outs of two pages", topic="size", apply=_many_opt_outs),
)
