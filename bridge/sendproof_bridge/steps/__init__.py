"""The work, one kind of job a module. A step makes its calls, then ends its job in the transaction of its results.

Each may be cut off at any point and run again. Those of triggers are done together (trigger.py), all others alone.
"""

from collections.abc import Callable, Mapping

from sendproof_bridge.bridge import Bridge
from sendproof_bridge.jobs import Job
from sendproof_bridge.steps import (
    additions,
    cancel,
    clear,
    inquire,
    interactions,
    look_up,
    metrics,
    opt_outs,
    opted_out,
    outcomes,
    page,
    receipts,
    register,
    save_events,
    send,
    share,
    templates,
)

Step = Callable[[Bridge, Job], None]

STEPS: Mapping[str, Step] = {
    "register": register.run,
    "templates": templates.run,
    "clear": clear.run,
    "clear_some": clear.run_some,
    "page": page.run,
    "look_up": look_up.run,
    "cancel": cancel.run,
    "send": send.run,
    "receipts": receipts.run,
    "inquire": inquire.run,
    "outcomes": outcomes.run,
    "opted_out": opted_out.run,
    "opt_outs": opt_outs.run,
    "share": share.run,
    "metrics": metrics.run,
    "additions": additions.run,
    "interactions": interactions.run,
    "save_events": save_events.run,
}
