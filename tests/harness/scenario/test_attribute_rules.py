"""Attributes, key scopes, segments and suppression of a file: mistakes are named before anything runs."""

from fractions import Fraction

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import KeyScope, Segment

FILE = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience:
  customers: 10
  attribute_names: {PHONENUMBER: MobileNo}
  attributes: [{name: TIER, type: VARCHAR(6), default: bronze, values: {gold: 20%}}]
channels: [{id: 505, provider: xtremepush}]
keys: {bridge: {attributes: [MobileNo, TIER]}}
suppression: {attribute: gamStop}
templates: [{provider: xtremepush, title: News, body: "Hello {{TIER}}", segment: {excludes: 10%, customers: [3]}}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: News, send_at: 2026-03-02T10:00:00Z}]
steps:
  - wait_for: {listeners: 1}
  - add_attribute: {name: gamStop, type: VARCHAR(5), default: "false", registered: false}
  - register_attribute: gamStop
  - change_attributes: {share: 50%, values: {gamStop: "true", TIER: null}}
  - plan: 7001
  - advance: 1 day
"""


def test_file_defines_attributes_scopes_and_segments() -> None:
    (scenario,) = parse_scenarios(FILE, "my.yaml")
    (tier,) = scenario.audience.attributes
    assert (tier.name, tier.default, dict(tier.values)) == ("TIER", "bronze", {"gold": Fraction(1, 5)})
    assert scenario.keys == {"bridge": KeyScope(attributes=("MobileNo", "TIER"))}
    assert scenario.templates[0].segment == Segment(excludes=Fraction(1, 10), customers=(3,))


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("{PHONENUMBER: M", "{PHONE: M", 'unknown attribute "PHONE"; did you mean "PHONENUMBER"?'),
        ("name: TIER", "name: email", "an attribute email exists already; choose another name"),
        ("default: bronze", "default: platinum", 'expected a value of type VARCHAR(6), got "platinum"'),
        ("gold: 20%", "gold: 60%, lead: 60%", "expected shares of at most 100% in total, got 120%"),
        ("[MobileNo, TIER]", "[PHONENUMBER]", 'unknown attribute "PHONENUMBER"; known: '),
        ("{attribute: gamStop}", "{attribute: gameStop}", 'unknown attribute "gameStop"; did you mean "gamStop"?'),
        ("customers: [3]", "customers: [10]", "expected at most 9 (the audience has 10 customers, from 0), got 10"),
        ("register_attribute: gamStop", "register_attribute: TEIR", 'unknown attribute "TEIR"; did you mean "TIER"?'),
        ("{{TIER}}", "{{FIRSTNAME}}", 'unknown attribute "FIRSTNAME"; did you mean "FIRST_NAME"?'),
        ("type: VARCHAR(5)", "type: TEXT", "expected a type such as VARCHAR(10), NVARCHAR(50), INT"),
        ("share: 50%", "customer: 3, share: 50%", "expected either one customer or a selection, got both"),
        ("customers: 10", "customers: 10\n  spellings: {roman: 10%}", 'unknown spelling "roman"; known: plus'),
        ("registered: false", "registred: false", 'unknown key, did you mean "registered"?'),
    ],
)
def test_mistake_is_named(right: str, wrong: str, message: str) -> None:
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(FILE.replace(right, wrong, 1), "my.yaml")
    assert message in str(raised.value)


def test_only_a_provider_with_segments_has_some() -> None:
    text = FILE.replace("xtremepush", "textlocal")
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(text, "my.yaml")
    assert "textlocal has no segments of its own; remove this key" in str(raised.value)
    assert "no channel has a provider with a suppression attribute; remove this key" in str(raised.value)
