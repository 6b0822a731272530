"""The steps of a scenario: one module per family, and the table of all step functions.

Each step is a few calls of the control API for every client. A step function may raise `RunAbortedError`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps import batch_files, campaigns, keys, templates, time, triggers, wait_for, webhooks
from sendproof_harness.scenario import model

StepFunction = Callable[[RunContext, Any], None]

#: The step functions by the type of the step.
STEPS: Mapping[type, StepFunction] = {
    model.WaitFor: wait_for.wait_for,
    model.Advance: time.advance,
    model.PlanCampaign: campaigns.schedule,
    model.CancelCampaign: campaigns.cancel,
    model.DefineTrigger: triggers.define,
    model.CustomerEvents: triggers.record_events,
    model.AddTemplate: templates.add,
    model.RenameTemplate: templates.rename,
    model.ChangeTemplate: templates.change,
    model.DeleteTemplate: templates.delete,
    model.OptOut: batch_files.opt_out,
    model.OptIn: batch_files.opt_in,
    model.ChangeAttributes: batch_files.change_attributes,
    model.AddAttribute: batch_files.add_attribute,
    model.RegisterAttribute: batch_files.register_attribute,
    model.ResendWebhooks: webhooks.resend,
    model.ChangeKey: keys.change_key,
}
