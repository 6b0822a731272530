"""The table of checks, in the order in which a campaign passes them."""

from sendproof_scenarios.checks import (
    contract,
    delivery,
    metrics,
    paging,
    run,
    templates,
    text,
    timing,
    totals,
    webhooks,
)
from sendproof_scenarios.findings import Check

CHECKS: tuple[Check, ...] = (
    *run.CHECKS,
    *webhooks.CHECKS,
    *templates.CHECKS,
    *paging.CHECKS,
    *delivery.CHECKS,
    *text.CHECKS,
    *timing.CHECKS,
    *metrics.CHECKS,
    *totals.CHECKS,
    *contract.CHECKS,
)
