"""The work, one kind of job a module. A step makes its calls, then ends its job in the transaction of its results.

Each may be cut off at any point and run again.
"""

from collections.abc import Callable, Mapping

from sendproof_bridge.bridge import Bridge
from sendproof_bridge.jobs import Job
from sendproof_bridge.steps import inquire, interactions, metrics, page, receipts, register, send, templates

Step = Callable[[Bridge, Job], None]

STEPS: Mapping[str, Step] = {
    "register": register.run,
    "templates": templates.run,
    "page": page.run,
    "send": send.run,
    "receipts": receipts.run,
    "inquire": inquire.run,
    "metrics": metrics.run,
    "interactions": interactions.run,
}
