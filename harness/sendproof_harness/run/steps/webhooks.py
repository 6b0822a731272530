"""The step `resend`: webhooks are sent again."""

from sendproof_harness.history.wording import counted
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import ResendWebhooks
from sendproof_harness.scenario.values import pluralized


def resend(context: RunContext, step: ResendWebhooks) -> None:
    """Send webhooks of the past again."""
    context.progress.phase(f"sending {pluralized(step.count, 'webhook')} {step.service}.{step.event} again")
    for sandbox in context.sandboxes:
        sent = context.control.webhooks(sandbox, step.service, step.event)
        selected = sent[step.nth - 1 : step.nth - 1 + step.count]
        if len(selected) < step.count:
            raise RunAbortedError(_never_sent(step, len(sent)))
        for webhook in selected:
            context.control.resend_webhook(sandbox, step.service, webhook["key"])


def _never_sent(step: ResendWebhooks, sent: int) -> RunAborted:
    return RunAborted(
        blame="config",
        reason="rejected",
        cause="a webhook could not be sent again, because it was never sent",
        expected=f"{counted(step.nth + step.count - 1, 'webhooks')} {step.service}.{step.event} before this step",
        got=f"{sent}; let more time pass first, or name another webhook",
    )
