"""The handler of each kind of job."""

from collections.abc import Callable, Mapping, Sequence

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.campaigns import (
    cancel_campaign,
    clear_campaign,
    clear_customers,
    fetch_attributes,
    fetch_page,
    send_batch,
    send_triggered,
    withdraw_batch,
)
from sendproof_bridge.jobs.opt_outs import apply_opt_ins, apply_opt_outs, poll_opt_outs, push_opt_outs
from sendproof_bridge.jobs.reports import (
    poll_missing_receipts,
    poll_statuses,
    push_events,
    push_interactions,
    push_metric_deltas,
    push_metrics,
)
from sendproof_bridge.jobs.setup import add_apps, register_listeners, sync_templates
from sendproof_bridge.storage.job_queue import Job

Handler = Callable[[Bridge, Job], None]

HANDLERS: Mapping[str, Handler] = {
    "register_listeners": register_listeners.run,
    "add_apps": add_apps.run,
    "sync_templates": sync_templates.run,
    "clear_campaign": clear_campaign.run,
    "clear_customers": clear_customers.run,
    "fetch_page": fetch_page.run,
    "fetch_attributes": fetch_attributes.run,
    "cancel_campaign": cancel_campaign.run,
    "send_batch": send_batch.run,
    "withdraw_batch": withdraw_batch.run,
    "poll_missing_receipts": poll_missing_receipts.run,
    "poll_statuses": poll_statuses.run,
    "poll_opt_outs": poll_opt_outs.run,
    "apply_opt_outs": apply_opt_outs.run,
    "apply_opt_ins": apply_opt_ins.run,
    "push_opt_outs": push_opt_outs.run,
    "push_metrics": push_metrics.run,
    "push_metric_deltas": push_metric_deltas.run,
    "push_interactions": push_interactions.run,
    "push_events": push_events.run,
}
BatchHandler = Callable[[Bridge, Sequence[Job]], None]

# Waiting jobs of one lane are claimed and handled together.
BATCH_HANDLERS: Mapping[str, BatchHandler] = {"send_triggered": send_triggered.run}
