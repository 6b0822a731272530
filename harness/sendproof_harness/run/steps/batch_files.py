"""Steps of the client's own data: customers opt out, opt in again, or get new values, and attributes are added."""

import csv
import io
from collections.abc import Sequence

from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.position import position
from sendproof_harness.scenario.customer_selection import select_customers
from sendproof_harness.scenario.model import (
    AddAttribute,
    ChangeAttributes,
    OptIn,
    OptOut,
    RegisterAttribute,
    with_own_settings,
)
from sendproof_harness.scenario.rules.simulator_facts import CONSENT_ATTRIBUTE
from sendproof_harness.scenario.values import pluralized

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
    """Upload a batch file with new values of customers; an empty field is no value."""
    customers = list(select_customers(context.scenario, step.selection, f"change_attributes {position(context, step)}"))
    context.progress.phase(f"changing {', '.join(step.values)} of {pluralized(len(customers), 'customer')}")
    values = [value or "" for value in step.values.values()]
    _upload(context, step.client, [["CustomerID", *step.values], *([customer, *values] for customer in customers)])


def add_attribute(context: RunContext, step: AddAttribute) -> None:
    """Add an attribute to all customers."""
    context.progress.phase(f"adding the attribute {step.name}")
    default = {} if step.default is None else {"default": step.default}
    for sandbox in context.sandboxes:
        fields = {"type": step.type, "registered": step.registered, **default}
        context.control.put_attribute(sandbox, step.name, fields)


def register_attribute(context: RunContext, step: RegisterAttribute) -> None:
    """Let vendors sync an attribute."""
    context.progress.phase(f"registering the attribute {step.name}")
    for sandbox in context.sandboxes:
        context.control.put_attribute(sandbox, step.name, {"registered": True})


def _set_consent(context: RunContext, step: OptOut | OptIn, customers: list[str], *, consent: str, mode: str) -> None:
    if step.by == "attribute":
        for client in _clients(context, step.client):
            rows = [["CustomerID", _consent_attribute(context, client)], *([name, consent] for name in customers)]
            _upload(context, client, rows)
    else:
        rows = [[customer, str(step.channel), mode] for customer in customers]
        _upload(context, step.client, [["CustomerID", "ChannelID", "CommunicationMode"], *rows])


def _clients(context: RunContext, client: str | None) -> Sequence[str | None]:
    """Return the client of a step, or all clients; None stands for the client of a scenario with one."""
    return (client,) if client is not None else context.scenario.clients or (None,)


def _consent_attribute(context: RunContext, client: str | None) -> str:
    """Return the name of the consent attribute, which a client may have of its own."""
    own = context.scenario if client is None else with_own_settings(context.scenario, client)
    return own.audience.name_of(CONSENT_ATTRIBUTE)


def _upload(context: RunContext, client: str | None, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    for sandbox in context.sandboxes_of(client):
        context.control.upload_batch_file(sandbox, PLATFORM, text.getvalue())
