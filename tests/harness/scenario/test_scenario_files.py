"""Scenario files: valid ones become values, and invalid ones give messages with the line and the expected value."""

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from repository import ROOT
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content
from sendproof_harness.run.results_folder import FILES
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.library import find_scenario_files
from sendproof_harness.scenario.load import SCHEMA_FILE, load_scenarios, parse_scenarios
from sendproof_harness.scenario.model import (
    Advance,
    Audience,
    Campaign,
    Channel,
    Part,
    PlanCampaign,
    Scenario,
    Split,
    Template,
    WaitFor,
)
from sendproof_harness.scenario.rules.simulator_facts import OUTCOMES, USUAL_ATTRIBUTES
from sendproof_simulators.core.audience import audience as simulated
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME
from sendproof_simulators.core.randomness import KeyedRandom

#: What a time in a scenario is, in the words of an error.
A_TIME = "a time from 1971 to 2999 with a time zone, such as 2026-03-02T09:00:00Z"

LIBRARY = sorted((ROOT / "scenarios").rglob("*.yaml"))

SMALL = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience:
  customers: 100
  opted_out: 4%
channels:
  - {id: 505, provider: textlocal}
templates:
  - provider: textlocal
    title: Spring welcome
    body: "Hello {{FIRST_NAME}}"
  - provider: textlocal
    title: Last call
    body: Bye
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits:
      - {share: 62.5%, template: Spring welcome, send_at: 2026-03-02T10:00:00+01:00}
      - {share: 37.5%, template: Last call, send_at: 2026-03-02T09:30:00Z}
steps:
  - wait_for: {listeners: 1, templates: 2}
  - plan: 7001
  - advance: 7 days
"""


def messages(text: str) -> list[str]:
    """Return the lines of the error for the text of a file."""
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(text, "my.yaml")
    return str(raised.value).splitlines()


def test_valid_file_becomes_values() -> None:
    """Percentages become exact fractions, times become UTC, and missing keys get their default."""
    (scenario,) = parse_scenarios(SMALL, "my.yaml")
    assert scenario == Scenario(
        name="Small",
        about="",
        seed=7,
        starts=datetime(2026, 3, 2, 6, tzinfo=UTC),
        audience=Audience(customers=100, opted_out=Fraction(1, 25), unusable_numbers=Fraction(0)),
        channels=(Channel(id=505, provider="textlocal"),),
        templates=(
            Template(provider="textlocal", title="Spring welcome", body="Hello {{FIRST_NAME}}"),
            Template(provider="textlocal", title="Last call", body="Bye"),
        ),
        campaigns=(
            Campaign(
                campaign=7001,
                name="Campaign 7001",
                customers=100,
                first_customer=0,
                announced=datetime(2026, 3, 2, 6, 30, tzinfo=UTC),
                parts=(
                    Part(
                        channel=505,
                        splits=(
                            Split(
                                share=Fraction(5, 8),
                                template="Spring welcome",
                                send_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
                            ),
                            Split(
                                share=Fraction(3, 8),
                                template="Last call",
                                send_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
                            ),
                        ),
                    ),
                ),
            ),
        ),
        steps=(WaitFor(listeners=1, templates=2), PlanCampaign(campaign=7001), Advance(by=timedelta(days=7))),
    )


def test_misspelled_key_is_reported_once_with_a_suggestion() -> None:
    """The message suffices to correct the file; the key that is now missing is not reported as well."""
    text = SMALL.replace("{share: 37.5%, template: L", "{sharee: 37.5%, template: L")
    assert messages(text) == ['my.yaml:23: campaigns[0].splits[1].sharee: unknown key, did you mean "share"?']


def test_unknown_key_without_a_close_match_lists_the_known_keys() -> None:
    text = SMALL.replace("opted_out: 4%", "zzz: 4%")
    known = (
        "customers, opted_out, unusable_numbers, country, outcomes, spellings, attributes, attribute_names, "
        "individuals, devices, addresses, browsers"
    )
    assert messages(text) == [f"my.yaml:7: audience.zzz: unknown key, known: {known}"]


def test_many_unknown_keys_are_counted() -> None:
    """Each hint takes a millisecond, and no one reads thousands of them."""
    found = messages(SMALL + "".join(f"x{number}: 1\n" for number in range(1_020)))
    assert len([message for message in found if "unknown key," in message]) == 20
    assert [message for message in found if "unknown key," not in message] == ["my.yaml:1: 1,000 more unknown keys"]


def test_all_mistakes_are_reported_at_once_in_file_order() -> None:
    """The user does not have to load the file again to see the second mistake."""
    text = SMALL.replace("seed: 7\n", "").replace("62.5%", "half").replace("plan: 7001", "plan: soon")
    assert messages(text) == [
        'my.yaml:1: missing key "seed": expected a whole number, 0 or more',
        'my.yaml:21: campaigns[0].splits[0].share: expected a percentage from 0% to 100%, such as 50%, got "half"',
        'my.yaml:25: steps[1].plan: expected a whole number, 1 or more, got "soon"',
    ]


BAD_VALUES = [
    (
        "sendproof: 1",
        "sendproof: 2",
        "my.yaml:1: sendproof: expected the version of the scenario format, which is 1, got 2",
    ),
    (
        "seed: 7",
        "seed: 7\nsender: 12345",
        (
            "my.yaml:4: sender: expected a text of 3 to 11 characters (in quotes if it looks like a number),"
            " or the word none, got 12345"
        ),
    ),
    ("name: Small", "name: 5", "my.yaml:2: name: expected some text (in quotes if it looks like a number), got 5"),
    ("name: Small", "name:", "my.yaml:2: name: expected some text (in quotes if it looks like a number), got nothing"),
    ("seed: 7", "seed: -7", "my.yaml:3: seed: expected a whole number, 0 or more, got -7"),
    ("seed: 7", "seed: true", "my.yaml:3: seed: expected a whole number, 0 or more, got true"),
    ("seed: 7", "seed: 9007199254740992", "my.yaml:3: seed: expected at most 9007199254740991, got 9007199254740992"),
    ("rs: 100", "rs: 100.0", "my.yaml:6: audience.customers: expected a whole number, 0 or more, got 100.0"),
    (
        "starts: 2026-03-02T06:00:00Z",
        "starts: 2026-03-02T06:00:00",
        f'my.yaml:4: starts: expected {A_TIME}, got "2026-03-02T06:00:00"',
    ),
    (
        "starts: 2026-03-02",
        "starts: 2026-02-30",
        f'my.yaml:4: starts: expected {A_TIME}, got "2026-02-30T06:00:00Z"',
    ),
    (
        "starts: 2026-03-02T06:00:00Z",
        "starts: 0001-01-01T00:00:00+14:00",
        f'my.yaml:4: starts: expected {A_TIME}, got "0001-01-01T00:00:00+14:00"',
    ),
    ("4%", "104%", 'my.yaml:7: audience.opted_out: expected a percentage from 0% to 100%, such as 50%, got "104%"'),
    ("4%", "0.04", "my.yaml:7: audience.opted_out: expected a percentage from 0% to 100%, such as 50%, got 0.04"),
    (
        "opted_out: 4%",
        "country: FR",
        'my.yaml:7: audience.country: expected a country code: GB or US, got "FR"',
    ),
    (
        "opted_out: 4%",
        "outcomes: {never: 4}",
        "my.yaml:7: audience.outcomes.never: expected a percentage from 0% to 100%, such as 50%, got 4",
    ),
    (
        "{id: 505, provider: textlocal}",
        "505",
        "my.yaml:9: channels[0]: expected a mapping such as {id: 505, provider: textlocal}, got 505",
    ),
    (
        "body: Bye",
        'body: ""',
        'my.yaml:16: templates[1].body: expected some text (in quotes if it looks like a number), got ""',
    ),
    ("body: Bye", f"body: {'x' * 2001}", "my.yaml:16: templates[1].body: expected at most 2000 characters, got 2001"),
    (
        "advance: 7 days",
        "advance: a week",
        'my.yaml:27: steps[2].advance: expected a duration such as 30 minutes or 7 days, got "a week"',
    ),
    (
        "advance: 7 days",
        "advance: |\n      7 days",
        r'my.yaml:27: steps[2].advance: expected a duration such as 30 minutes or 7 days, got "7 days\n"',
    ),
    (
        "  - plan: 7001",
        "    plan: 7001",
        "my.yaml:25: steps[0]: expected one step, got 2 (wait_for, plan); write each step as its own list item",
    ),
    (
        "  - plan",
        "  - {}\n  - plan",
        "my.yaml:26: steps[1]: expected one step such as {plan: 7001} or {advance: 7 days}, got an empty mapping",
    ),
]


@pytest.mark.parametrize(("original", "replacement", "message"), BAD_VALUES)
def test_bad_value_is_reported_with_the_expected_and_the_actual_value(
    original: str, replacement: str, message: str
) -> None:
    assert messages(SMALL.replace(original, replacement, 1)) == [message]


BROKEN_RULES = [
    (
        "  - wait_for: {listeners: 1, templates: 2}\n",
        "",
        (
            "my.yaml:25: steps[0]: expected wait_for as the first step; add `- wait_for: {listeners: 1}`,"
            " so that the bridge can start"
        ),
    ),
    ("37.5%", "37%", "my.yaml:21: campaigns[0].splits: expected shares of 100% in total, got 99.5%"),
    (
        "template: Last call",
        "template: Last cal",
        'my.yaml:23: campaigns[0].splits[1].template: textlocal has no template "Last cal"; did you mean "Last call"?',
    ),
    (
        "campaigns:\n",
        '  - {provider: textlocal, title: Spring welcome, body: "Hi"}\ncampaigns:\n',
        "my.yaml:17: templates[2].title: Spring welcome already occurs on line 12; remove one of the two",
    ),
    ("channel: 505", "channel: 9", "my.yaml:19: campaigns[0].channel: unknown channel 9; known: 505"),
    (
        "announced: 2026-03-02T06:30:00Z",
        "announced: 2026-03-02T05:30:00Z",
        (
            "my.yaml:20: campaigns[0].announced: expected a time not before the scenario starts (2026-03-02T06:00:00Z),"
            ' got "2026-03-02T05:30:00Z"'
        ),
    ),
    (
        "send_at: 2026-03-02T09:30:00Z",
        "send_at: 2026-03-02T06:29:59Z",
        (
            "my.yaml:23: campaigns[0].splits[1].send_at: expected a time not before the campaign is announced"
            ' (2026-03-02T06:30:00Z), got "2026-03-02T06:29:59Z"'
        ),
    ),
    (
        "FIRST_NAME",
        "FRIST_NAME",
        'my.yaml:13: templates[0].body: unknown attribute "FRIST_NAME"; did you mean "FIRST_NAME"?',
    ),
    (
        "  - plan: 7001\n",
        "",
        "my.yaml:18: campaigns[0].campaign: no step plans this campaign; add `- plan: 7001` to the steps",
    ),
    (
        "- plan: 7001",
        "- plan: 7001\n  - plan: 7002",
        'my.yaml:27: steps[2].plan: unknown campaign 7002; did you mean "7001"?',
    ),
    (
        "- plan: 7001",
        "- plan: 7001\n  - plan: 7001",
        "my.yaml:27: steps[2].plan: 7001 already occurs on line 26; remove one of the two",
    ),
    (
        "- plan: 7001",
        "- advance: 31 minutes\n  - plan: 7001",
        (
            "my.yaml:27: steps[2].plan: campaign 7001 is announced at 2026-03-02T06:30:00Z, but this step runs at"
            " 2026-03-02T06:31:00Z; plan the campaign earlier"
        ),
    ),
    (
        "templates: 2}",
        "templates: 3}",
        "my.yaml:25: steps[0].wait_for.templates: expected at most 2 (the templates of all channels), got 3",
    ),
    (
        "channel: 505",
        "channel: 505\n    first_customer: 40\n    customers: 61",
        (
            "my.yaml:21: campaigns[0].customers: expected at most 60 (the audience has 100 customers,"
            " and the campaign starts at 40), got 61"
        ),
    ),
    (
        "opted_out: 4%",
        "outcomes: {delivered after 2 h: 4%}",
        (
            "my.yaml:7: audience.outcomes.delivered after 2 h: no test number has this outcome;"
            ' did you mean "delivered after 1 h"?'
        ),
    ),
    (
        "opted_out: 4%",
        "outcomes: {never: 60%, landline: 50%}",
        "my.yaml:7: audience.outcomes: expected shares of at most 100% in total, got 110%",
    ),
]


@pytest.mark.parametrize(("original", "replacement", "message"), BROKEN_RULES)
def test_broken_rule_is_reported_like_a_bad_value(original: str, replacement: str, message: str) -> None:
    """The schema cannot express these rules, but their messages have the same form."""
    assert messages(SMALL.replace(original, replacement, 1)) == [message]


UNREADABLE = [
    (
        'a: 1\nb: "\\uD83D"\n',
        "my.yaml:2: expected text, got half a character; write both halves of the pair, or the character itself",
    ),
    ("", "my.yaml:1: expected a scenario, got an empty file"),
    ("name: [", "my.yaml:1: not valid YAML: expected the node content, but found '<stream end>'"),
    ("name: a\nname: b\n", "my.yaml:2: name: this key already occurs on line 1; remove one of the two"),
    ("a: &x 1\nb: *x\n", "my.yaml:2: aliases such as *x are not supported; write out the value"),
    ("a: !!int x\n", "my.yaml:1: expected a value of the tag !!int, got 'x'; remove the tag"),
    ("a: !!bool maybe\n", "my.yaml:1: expected a value of the tag !!bool, got 'maybe'; remove the tag"),
    ("a: !!binary aGk=\n", "my.yaml:1: tags such as tag:yaml.org,2002:binary are not supported; remove the tag"),
    ("? [a]\n: 1\n", "my.yaml:1: expected text as a key, got a list or mapping"),
    ("[" * 1100 + "]" * 1100, "my.yaml:1: expected a scenario, got lists or mappings nested deeper than 50"),
    ("# " + "x" * 1_000_000, "my.yaml:1: expected a scenario of at most 1,000,000 characters, got 1,000,002"),
    ("x: [" + "1," * 50_000 + "]", "my.yaml:1: expected a scenario of at most 50,000 values, got more"),
    ("- 1\n", "my.yaml:1: expected a scenario: a mapping of keys, got a list"),
]


@pytest.mark.parametrize(("text", "message"), UNREADABLE, ids=[message.partition(": ")[2] for _, message in UNREADABLE])
def test_unreadable_text_is_reported_with_its_line(text: str, message: str) -> None:
    """No content of a file may cause a traceback, execute code or exhaust the memory."""
    assert messages(text) == [message]


def test_missing_file_is_reported_with_the_expected_kind(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match=r"nothing\.yaml:1: cannot be read: No such file or directory; expected"):
        load_scenarios(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_library_scenario_loads(file: Path) -> None:
    assert all(scenario.name for scenario in load_scenarios(file))


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_library_scenario_starts_with_the_schema_and_describes_the_mistake(file: Path) -> None:
    """An editor reads the schema from the first line; a reader learns from `about` which bridges fail."""
    first, *_ = file.read_text().splitlines()
    assert (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve() == SCHEMA_FILE.resolve()
    assert "bridge" in load_scenarios(file)[0].about


@pytest.mark.parametrize("named", ["scenarios/scheduled/first_campaign.yaml", "scheduled/first_campaign"])
def test_library_scenario_is_found_by_its_name(named: str, tmp_path: Path) -> None:
    """An installation without the repository contains the library; other paths are returned unchanged."""
    assert [file.resolve() for file in find_scenario_files(Path(named))] == [
        ROOT / "scenarios" / "scheduled" / "first_campaign.yaml"
    ]
    assert find_scenario_files(tmp_path / named) == [tmp_path / named]


def test_template_attributes_are_those_of_the_simulators() -> None:
    """The harness cannot import the simulators and repeats their list."""
    audience = simulated.Audience(
        KeyedRandom(1), simulated.AudienceRecipe(customers=1, opted_out=0.0, unusable_numbers=0.0)
    )
    assert audience.attribute_names == USUAL_ATTRIBUTES


def test_outcomes_are_those_of_the_simulators() -> None:
    """The harness cannot import the simulators and repeats their list."""
    assert set(OUTCOMES) == set(BY_NAME)


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_text()))


def first_column(page: str, heading: str) -> list[str]:
    """Return the code in the first column of a table, which begins with this heading."""
    rows = (ROOT / "docs" / page).read_text().partition(f"| {heading} |")[2].splitlines()[2:]
    return [row.split("`")[1] for row in takewhile(lambda row: row.startswith("|"), rows)]


def test_connect_your_bridge_explains_every_key_of_the_handover() -> None:
    sandbox = {"sandbox": "s", "seed": 1, "services": {}, "channels": [], "country": "GB", "attributes": {}}
    assert first_column("connect-your-bridge.md", "key of the handover file") == list(
        handover_content("http://127.0.0.1:1", sandbox, Listen(host="127.0.0.1", port=2))
    )


def test_read_a_verdict_explains_every_file_of_a_run() -> None:
    assert first_column("read-a-verdict.md", "file | what it is") == list(FILES)
