"""The table of checks, in the order in which a campaign passes them."""

from sendproof_scenarios.checks import (
    again,
    clients,
    contract,
    delivery,
    events,
    faults,
    listener,
    lives,
    metrics,
    optouts,
    paging,
    run,
    templates,
    text,
    timing,
    totals,
    triggers,
    webhooks,
)
from sendproof_scenarios.findings import Check

CHECKS: tuple[Check, ...] = (
    *run.CHECKS,
    *faults.CHECKS,
    *webhooks.CHECKS,
    *listener.CHECKS,
    *templates.CHECKS,
    *paging.CHECKS,
    *delivery.CHECKS,
    *text.CHECKS,
    *timing.CHECKS,
    *triggers.CHECKS,
    *lives.CHECKS,
    *optouts.CHECKS,
    *metrics.CHECKS,
    *totals.CHECKS,
    *events.CHECKS,
    *contract.CHECKS,
    *again.CHECKS,
    *clients.CHECKS,
)

#: What is asked of a bridge whose contract is asked for: not whether everybody got everything in time and was reported.
CONTRACT_CHECKS: tuple[Check, ...] = (
    *run.CHECKS,
    *webhooks.CHECKS,
    *listener.CHECKS,
    *delivery.CHECKS,
    *contract.CHECKS,
    *again.CHECKS,
)
