"""Triggered overrides: what they change for every message, and what only the bridge can compute."""

import pytest

from sendproof_harness.scenario.model import Channel
from sendproof_harness.scenario.overrides import has_unknown_texts, overridden_link, overridden_variables


def channel(overrides: str | None) -> Channel:
    return Channel(id=250, provider="delivyr", kind="triggered", overrides=overrides)


def test_constant_overrides_have_a_link_and_variables():
    overrides = channel('{"url": "https://example.com/basket", "variables": {"CITY": "our shop"}}')

    assert overridden_link(overrides) == "https://example.com/basket"
    assert overridden_variables(overrides) == {"CITY": "our shop"}
    assert not has_unknown_texts(overrides)


@pytest.mark.parametrize(
    ("overrides", "unknown"),
    [
        (None, False),
        ('{"url": "https://example.com"}', False),
        ('{"url": "https://example.com/" & customerID}', True),
        ('{"variables": {"CITY": personalization.personalInfo.CITY}}', True),
        ('{"variables": {"PRICE": 5}}', True),
        ('{"template_id": "ABCD1234"}', True),
    ],
)
def test_overrides_that_only_the_bridge_computes_leave_the_text_unknown(overrides, unknown):
    assert has_unknown_texts(channel(overrides)) is unknown
