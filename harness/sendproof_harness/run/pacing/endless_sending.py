"""Recognising a bridge that sends messages for ever, for example each bounced one again until it arrives.

Virtual time passes slowly meanwhile, so such a run would last for hours.
"""

from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.scenario.model import CustomerEvents, Scenario

# Several devices of a customer, or a fault, explain some more messages than customers, but never this many.
_TIMES_TOO_MANY = 20
_ALWAYS_ALLOWED = 2_000


def most_messages(scenario: Scenario) -> int:
    """Return an upper limit of the messages that a client's customers are due."""
    scheduled = sum(campaign.customers * len(campaign.parts) for campaign in scenario.campaigns)
    events = sum(step.times for step in scenario.steps if isinstance(step, CustomerEvents))
    return scheduled + scenario.audience.customers * events * len(scenario.triggers)


def endless_sending(sent: int, most: int) -> RunAborted | None:
    """Return why a run ends if far more messages went out than the `most` that were due, else None."""
    if sent <= max(_ALWAYS_ALLOWED, _TIMES_TOO_MANY * most):
        return None
    return RunAborted(
        blame="bridge",
        reason="stuck",
        cause="the bridge sends messages again and again, without an end",
        expected=f"at most {most:,} messages",
        got=f"{sent:,} messages so far",
        remedy="look at the duplicated messages: store that a message was sent, and do not send it again if it bounces",
    )
