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
        ("{{TIER}}", "{{TIER", "expected {{NAME}}, got '{{TIER'; close it with }}"),
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


def test_text_that_begins_many_placeholders_is_read_once() -> None:
    """Each of them looked for its end in all of the rest, which took hours."""
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(FILE.replace("{{TIER}}", "{{" * 49_000, 1), "my.yaml")
    assert "expected {{NAME}}, got '{{'; close it with }}" in str(raised.value)


def test_only_a_provider_with_segments_has_some() -> None:
    text = FILE.replace("xtremepush", "textlocal")
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(text, "my.yaml")
    assert "textlocal has no segments of its own; remove this key" in str(raised.value)
    assert "no channel has a provider with a suppression attribute; remove this key" in str(raised.value)


def problems(file: str) -> list[str]:
    """Return the mistakes of a file, each with its line."""
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(file, "my.yaml")
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (
            "{attributes: [MobileNo]}",
            'attributes: this scope hides TIER, which the text of template "News" needs; add TIER',
        ),
        (
            "{attributes: [TIER]}",
            "attributes: this scope hides MobileNo, the attribute with the phone number; add MobileNo",
        ),
        ("{channels: [506]}", "channels: this scope hides 505, a channel of this file; add 505"),
        ("{functions: [AddChannelTemplates]}", "functions: this scope hides GetCustomerSendDetailsByChannel, which "),
        (
            "{access: Transactional}",
            "access: a key of this access type may call no function that the bridge needs; add ",
        ),
    ],
)
def test_scope_that_hides_what_the_bridge_needs_is_named(scope: str, message: str) -> None:
    """No bridge could pass."""
    file = FILE.replace("{attributes: [MobileNo, TIER]}", scope)
    file = file.replace("provider: xtremepush}]", "provider: xtremepush}, {id: 506, provider: textlocal}]", 1)
    assert any(problem.startswith(f"my.yaml:10: keys.bridge.{message}") for problem in problems(file))


def test_scope_needs_the_consent_attribute_only_where_it_decides() -> None:
    parse_scenarios(FILE, "my.yaml")
    (problem,) = problems(FILE + "bridge: {consent: attribute}\n")
    assert "this scope hides SMS_OPT_IN, the attribute with the consent; add SMS_OPT_IN" in problem


def test_scope_of_a_login_that_has_ended_decides_nothing() -> None:
    file = FILE.replace("keys: {bridge:", "keys: {login:").replace("[MobileNo, TIER]", "[MobileNo]")
    parse_scenarios(file, "my.yaml")
    (problem,) = problems(file + "dialects: {optimove.password_login: accepted}\n")
    assert "keys.login.attributes: this scope hides TIER" in problem


def test_scope_may_hold_the_channel_for_which_opt_outs_are_reported() -> None:
    file = FILE.replace("provider: xtremepush}]", "provider: xtremepush, preference_channel: 444}]", 1)
    parse_scenarios(file.replace("{attributes:", "{channels: [505, 444], attributes:"), "my.yaml")
    (problem,) = problems(file.replace("{attributes:", "{channels: [505], attributes:"))
    assert "this scope hides 444, the channel for which opt-outs are reported; add 444" in problem
