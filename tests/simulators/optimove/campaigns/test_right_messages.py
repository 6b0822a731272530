"""Messages that are right, where the documents leave open which one a bridge must send."""

from dataclasses import replace

import pytest

from sendproof_simulators.core.messaging.message_types import EMAIL, expected_text
from sendproof_simulators.core.plans import ChannelPlan
from sendproof_simulators.services.optimove.right_messages import with_alternatives, with_values_as_html
from sendproof_simulators.services.xtremepush.personalization import render

BODY = "For {{NAME}}\n<p>Dear {{NAME}}</p>"
PLAN = ChannelPlan(channel=504, provider="xtremepush", splits=(), render=render, message=EMAIL, values_may_be_html=True)


def right_texts(name: str, plan: ChannelPlan = PLAN) -> list[str]:
    """Return the texts that are right for a customer with this name."""
    values = {"NAME": name}
    text = expected_text(EMAIL, render, BODY, values)
    obligation = {"number": "ann@example.com", "text": text, "owed": True}
    first, *others = with_values_as_html(obligation, plan, BODY, values)
    right = with_alternatives(first, others)
    return [right["text"], *(other["text"] for other in right.get("alternatives", ()))]


def test_entity_in_a_value_is_text_or_html():
    """A bridge that escapes values for HTML is right, and so is one that does not."""
    both = ["For A&amp;B\nDear A&amp;B", "For A&amp;B\nDear A&B"]
    assert right_texts("A&amp;B") == both


@pytest.mark.parametrize("name", ["Ann", "A & B", "AT&T"])
def test_value_without_an_entity_has_one_text(name):
    assert right_texts(name) == [f"For {name}\nDear {name}"]


def test_provider_that_takes_values_as_text_has_one_text():
    assert right_texts("A&amp;B", replace(PLAN, values_may_be_html=False)) == ["For A&amp;B\nDear A&amp;B"]
