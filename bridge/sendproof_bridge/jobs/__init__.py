"""The work, one kind of job a module. A step makes its calls, then ends its job in the transaction of its results.

Each may be cut off at any point and run again. Those of triggers are done together (trigger.py), all others alone.
"""

from collections.abc import Callable, Mapping

from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.jobs.campaigns import cancel_campaign, clear_campaign, fetch_attributes, fetch_page, send_batch
from sendproof_bridge.jobs.opt_outs import apply_opt_outs, poll_opt_outs, push_opt_outs
from sendproof_bridge.jobs.reports import (
    poll_missing_receipts,
    poll_statuses,
    process_receipts,
    push_events,
    push_interactions,
    push_metric_deltas,
    push_metrics,
)
from sendproof_bridge.jobs.setup import register_listeners, sync_templates
from sendproof_bridge.storage.job_queue import Job

Step = Callable[[Bridge, Job], None]

STEPS: Mapping[str, Step] = {
    "register": register_listeners.run,
    "templates": sync_templates.run,
    "clear": clear_campaign.run,
    "clear_some": clear_campaign.run_some,
    "page": fetch_page.run,
    "look_up": fetch_attributes.run,
    "cancel": cancel_campaign.run,
    "send": send_batch.run,
    "receipts": process_receipts.run,
    "inquire": poll_missing_receipts.run,
    "outcomes": poll_statuses.run,
    "opted_out": poll_opt_outs.run,
    "opt_outs": apply_opt_outs.run,
    "share": push_opt_outs.run,
    "metrics": push_metrics.run,
    "additions": push_metric_deltas.run,
    "interactions": push_interactions.run,
    "save_events": push_events.run,
}
