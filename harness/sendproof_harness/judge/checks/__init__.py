"""The table of checks, in the order in which a campaign passes them."""

from sendproof_harness.judge.checks import (
    campaign_state,
    client_isolation,
    contract,
    delivery,
    events,
    faults,
    listener,
    metrics,
    opt_out_sync,
    paging,
    retry_after,
    run_completed,
    templates,
    text,
    timing,
    totals,
    triggers,
    webhooks,
)
from sendproof_harness.judge.findings import Check

CHECKS: tuple[Check, ...] = (
    *run_completed.CHECKS,
    *faults.CHECKS,
    *webhooks.CHECKS,
    *listener.CHECKS,
    *templates.CHECKS,
    *paging.CHECKS,
    *delivery.CHECKS,
    *text.CHECKS,
    *timing.CHECKS,
    *triggers.CHECKS,
    *campaign_state.CHECKS,
    *opt_out_sync.CHECKS,
    *metrics.CHECKS,
    *totals.CHECKS,
    *events.CHECKS,
    *contract.CHECKS,
    *retry_after.CHECKS,
    *client_isolation.CHECKS,
)

#: What is asked of a bridge whose contract is asked for: not whether everybody got everything in time and was reported.
CONTRACT_CHECKS: tuple[Check, ...] = (
    *run_completed.CHECKS,
    *webhooks.CHECKS,
    *listener.CHECKS,
    *delivery.CHECKS,
    *contract.CHECKS,
    *retry_after.CHECKS,
)
