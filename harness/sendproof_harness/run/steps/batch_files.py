"""Steps of the client's daily batch: customers opt out, opt in again, or get new attributes."""

import csv
import io

from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.position import position
from sendproof_harness.scenario.customer_selection import customer_id, select_customers
from sendproof_harness.scenario.model import ChangeAttributes, OptIn, OptOut
from sendproof_harness.scenario.values import pluralized

_CONSENT = "SMS_OPT_IN"
# The CommunicationModes of an opt-in and an opt-out, in the first option of the dialect `communication_modes`.
_OPT_IN_MODE, _OPT_OUT_MODE = "1", "2"


def opt_out(context: RunContext, step: OptOut) -> None:
    """Upload a batch file with the consent attribute, or with the preference for a channel."""
    customers = list(select_customers(context.scenario, step.selection, f"opt_out {position(context, step)}"))
    context.progress.phase(f"opting out {pluralized(len(customers), 'customer')} by {step.by}")
    _set_consent(context, step, customers, consent="0", mode=_OPT_OUT_MODE)


def opt_in(context: RunContext, step: OptIn) -> None:
    """Upload a batch file with the consent attribute, or with the preference for a channel."""
    customers = list(select_customers(context.scenario, step.selection, f"opt_in {position(context, step)}"))
    context.progress.phase(f"opting in {pluralized(len(customers), 'customer')} by {step.by}")
    _set_consent(context, step, customers, consent="1", mode=_OPT_IN_MODE)


def change_attributes(context: RunContext, step: ChangeAttributes) -> None:
    """Upload a batch file with new values of one customer."""
    context.progress.phase(f"changing {', '.join(step.values)} of customer {step.customer}")
    _upload(context, [["CustomerID", *step.values], [customer_id(step.customer), *step.values.values()]])


def _set_consent(context: RunContext, step: OptOut | OptIn, customers: list[str], *, consent: str, mode: str) -> None:
    if step.by == "attribute":
        _upload(context, [["CustomerID", _CONSENT], *([customer, consent] for customer in customers)])
    else:
        rows = [[customer, str(step.channel), mode] for customer in customers]
        _upload(context, [["CustomerID", "ChannelID", "CommunicationMode"], *rows])


def _upload(context: RunContext, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    for sandbox in context.sandboxes:
        context.control.upload_batch_file(sandbox, PLATFORM, text.getvalue())
