"""The messages that are right for one customer, where the documents leave open which of them a bridge must send."""

from collections.abc import Iterable, Mapping
from typing import Any

from sendproof_simulators.core.messaging.message_types import EMAIL, expected_text
from sendproof_simulators.core.plans import ChannelPlan, TriggerPlan

_COMPARED = ("number", "text", "owed")
_NAMES = (*_COMPARED, "reason", "raw_number", "opted_out_by")


def with_alternatives(obligation: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return an obligation with further right messages as `alternatives`; without this member if there are none."""
    messages = [{name: other.get(name) for name in _NAMES} for other in others]
    different = [message for message in messages if any(message[name] != obligation.get(name) for name in _COMPARED)]
    return {**obligation, "alternatives": different} if different else obligation


def with_values_as_html(
    obligation: Mapping[str, Any], plan: ChannelPlan | TriggerPlan, body: str, values: Mapping[str, str | None]
) -> Iterable[Mapping[str, Any]]:
    """Yield an obligation, and that with the values read as HTML, if this is another message and may be right too."""
    yield obligation
    # Only a value with an entity reads differently.
    if plan.values_may_be_html and plan.message == EMAIL and "&" in (obligation["text"] or ""):
        yield {**obligation, "text": expected_text(plan.message, plan.render, body, values, as_html=True)}
