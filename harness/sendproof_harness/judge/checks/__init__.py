"""The table of checks, in the order of a campaign's life."""

from sendproof_harness.judge.checks import (
    apps,
    campaign_state,
    clearance,
    delivery,
    faults,
    opt_out_sync,
    paging,
    run_completed,
    subjects,
    suppression,
    templates,
    text,
    timing,
    triggers,
)
from sendproof_harness.judge.checks.listeners import answers, probed, webhooks
from sendproof_harness.judge.checks.reports import events, interactions, metrics, totals
from sendproof_harness.judge.checks.requests import (
    client_isolation,
    contract,
    credentials,
    customer_ids,
    limits,
    repeated_calls,
    retry_after,
    secrets,
    send_fields,
)
from sendproof_harness.judge.findings import Check

CHECKS: tuple[Check, ...] = (
    *run_completed.CHECKS,
    *faults.CHECKS,
    *subjects.CHECKS,
    *webhooks.CHECKS,
    *answers.CHECKS,
    *probed.CHECKS,
    *templates.CHECKS,
    *apps.CHECKS,
    *paging.CHECKS,
    *delivery.CHECKS,
    *suppression.CHECKS,
    *text.CHECKS,
    *timing.CHECKS,
    *send_fields.CHECKS,
    *customer_ids.CHECKS,
    *triggers.CHECKS,
    *clearance.CHECKS,
    *campaign_state.CHECKS,
    *opt_out_sync.CHECKS,
    *metrics.CHECKS,
    *totals.CHECKS,
    *interactions.CHECKS,
    *events.CHECKS,
    *contract.CHECKS,
    *credentials.CHECKS,
    *limits.CHECKS,
    *retry_after.CHECKS,
    *repeated_calls.CHECKS,
    *client_isolation.CHECKS,
    *secrets.CHECKS,
)

#: The checks of a conformance run: without times, texts and reports.
CONTRACT_CHECKS: tuple[Check, ...] = (
    *run_completed.CHECKS,
    *webhooks.CHECKS,
    *answers.CHECKS,
    *probed.CHECKS,
    *delivery.CHECKS,
    *contract.CHECKS,
    *credentials.CHECKS,
    *limits.CHECKS,
    *retry_after.CHECKS,
    *secrets.CHECKS,
)
