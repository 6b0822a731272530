"""The step `opt_out`: the client uploads a batch file with customers who opted out."""

from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.position import position
from sendproof_harness.scenario.customer_selection import select_customers
from sendproof_harness.scenario.model import OptOut
from sendproof_harness.scenario.values import pluralized

_CONSENT = "SMS_OPT_IN"
# The CommunicationMode for no messages, in the first option of the dialect `communication_modes`.
_NO_MESSAGES = 2


def opt_out(context: RunContext, step: OptOut) -> None:
    """Upload a batch file with the consent attribute, or with the preference for a channel."""
    customers = list(select_customers(context.scenario, step.selection, f"opt_out {position(context, step)}"))
    context.progress.phase(f"opting out {pluralized(len(customers), 'customer')} by {step.by}")
    if step.by == "attribute":
        header, values = f"CustomerID,{_CONSENT}", "0"
    else:
        header, values = "CustomerID,ChannelID,CommunicationMode", f"{step.channel},{_NO_MESSAGES}"
    text = "\n".join([header, *(f"{customer},{values}" for customer in customers)]) + "\n"
    for sandbox in context.sandboxes:
        context.control.upload_batch_file(sandbox, PLATFORM, text)
