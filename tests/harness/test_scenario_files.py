"""What a scenario file may say, and what its writer is told when it cannot be run."""

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content
from sendproof_harness.run.results_folder import FILES
from sendproof_harness.scenario.diagnostics import UnusableFileError
from sendproof_harness.scenario.library import find
from sendproof_harness.scenario.load import SCHEMA_FILE, load, loads
from sendproof_harness.scenario.model import (
    Advance,
    Audience,
    Campaign,
    Channel,
    Part,
    Plan,
    Scenario,
    Split,
    Template,
    WaitFor,
)
from sendproof_harness.scenario.rules.simulator_facts import ATTRIBUTES, FATES
from sendproof_simulators.core.audience import audience as simulated
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME
from sendproof_simulators.core.randomness import KeyedRandom

ROOT = Path(__file__).parents[2]
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


def told(text: str) -> list[str]:
    """All that the writer of `text` is told."""
    with pytest.raises(UnusableFileError) as raised:
        loads(text, "my.yaml")
    return str(raised.value).splitlines()


def test_a_file_becomes_values() -> None:
    """Percentages become exact parts, times become UTC, and what was left out has its default."""
    (scenario,) = loads(SMALL, "my.yaml")
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
        steps=(WaitFor(listeners=1, templates=2), Plan(campaign=7001), Advance(by=timedelta(days=7))),
    )


def test_a_misspelt_key_is_named_with_its_line_and_what_was_meant() -> None:
    """The message alone is enough to mend the file, and the key that is now missing is not told again."""
    text = SMALL.replace("{share: 37.5%, template: L", "{sharee: 37.5%, template: L")
    assert told(text) == ['my.yaml:23: campaigns[0].splits[1].sharee: unknown key, did you mean "share"?']


def test_a_key_like_no_other_is_answered_with_all_that_are_known() -> None:
    """When nothing is near, the writer sees the whole choice."""
    text = SMALL.replace("opted_out: 4%", "zzz: 4%")
    assert told(text) == [
        "my.yaml:7: audience.zzz: unknown key, known: customers, opted_out, unusable_numbers, country, outcomes"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """Nobody has to run the file again to see the second mistake."""
    text = SMALL.replace("seed: 7\n", "").replace("62.5%", "half").replace("plan: 7001", "plan: soon")
    assert told(text) == [
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
    ("name: Small", "name: 5", "my.yaml:2: name: expected some text (in quotes if it looks like a number), got 5"),
    ("name: Small", "name:", "my.yaml:2: name: expected some text (in quotes if it looks like a number), got nothing"),
    ("seed: 7", "seed: -7", "my.yaml:3: seed: expected a whole number, 0 or more, got -7"),
    ("seed: 7", "seed: true", "my.yaml:3: seed: expected a whole number, 0 or more, got true"),
    ("seed: 7", "seed: 9007199254740992", "my.yaml:3: seed: expected at most 9007199254740991, got 9007199254740992"),
    ("rs: 100", "rs: 100.0", "my.yaml:6: audience.customers: expected a whole number, 0 or more, got 100.0"),
    (
        "starts: 2026-03-02T06:00:00Z",
        "starts: 2026-03-02T06:00:00",
        'my.yaml:4: starts: expected a time with a time zone, such as 2026-03-02T09:00:00Z, got "2026-03-02T06:00:00"',
    ),
    (
        "starts: 2026-03-02",
        "starts: 2026-02-30",
        'my.yaml:4: starts: expected a time with a time zone, such as 2026-03-02T09:00:00Z, got "2026-02-30T06:00:00Z"',
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
        "  - plan: 7001",
        "    plan: 7001",
        "my.yaml:25: steps[0]: expected one step, got 2 (wait_for, plan); write each as a list item of its own",
    ),
    (
        "  - plan",
        "  - {}\n  - plan",
        "my.yaml:26: steps[1]: expected one step such as {plan: 7001} or {advance: 7 days}, got an empty mapping",
    ),
]


@pytest.mark.parametrize(("said", "instead", "message"), BAD_VALUES)
def test_a_bad_value_is_told_with_what_was_expected_and_what_stands_there(
    said: str, instead: str, message: str
) -> None:
    """Each kind of value has a message with its line, its key, an example and the value itself."""
    assert told(SMALL.replace(said, instead, 1)) == [message]


BROKEN_RULES = [
    (
        "  - wait_for: {listeners: 1, templates: 2}\n",
        "",
        (
            "my.yaml:25: steps[0]: expected a wait_for first, such as {wait_for: {listeners: 1}}:"
            " the bridge needs a moment to start"
        ),
    ),
    ("37.5%", "37%", "my.yaml:21: campaigns[0].splits: expected shares that make 100%, got 99.5%"),
    (
        "template: Last call",
        "template: Last cal",
        'my.yaml:23: campaigns[0].splits[1].template: textlocal has no template "Last cal"; did you mean "Last call"?',
    ),
    (
        "campaigns:\n",
        '  - {provider: textlocal, title: Spring welcome, body: "Hi"}\ncampaigns:\n',
        "my.yaml:17: templates[2].title: Spring welcome already stands on line 12; keep one of the two",
    ),
    ("channel: 505", "channel: 9", "my.yaml:19: campaigns[0].channel: there is no channel 9; known: 505"),
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
        'my.yaml:13: templates[0].body: customers have no attribute "FRIST_NAME"; did you mean "FIRST_NAME"?',
    ),
    (
        "  - plan: 7001\n",
        "",
        "my.yaml:18: campaigns[0].campaign: no step plans this campaign; add `- plan: 7001` to the steps",
    ),
    (
        "- plan: 7001",
        "- plan: 7001\n  - plan: 7002",
        'my.yaml:27: steps[2].plan: there is no campaign 7002; did you mean "7001"?',
    ),
    (
        "- plan: 7001",
        "- plan: 7001\n  - plan: 7001",
        "my.yaml:27: steps[2].plan: 7001 already stands on line 26; keep one of the two",
    ),
    (
        "- plan: 7001",
        "- advance: 31 minutes\n  - plan: 7001",
        (
            "my.yaml:27: steps[2].plan: campaign 7001 is announced at 2026-03-02T06:30:00Z, but by this step it is"
            " 2026-03-02T06:31:00Z; plan it earlier"
        ),
    ),
    (
        "templates: 2}",
        "templates: 3}",
        "my.yaml:25: steps[0].wait_for.templates: expected at most 2, as many as the channels can have, got 3",
    ),
    (
        "channel: 505",
        "channel: 505\n    first_customer: 40\n    customers: 61",
        (
            "my.yaml:21: campaigns[0].customers: expected at most 60, as the audience has 100 customers"
            " and this campaign begins at 40, got 61"
        ),
    ),
    (
        "opted_out: 4%",
        "outcomes: {delivered after 2 h: 4%}",
        'my.yaml:7: audience.outcomes.delivered after 2 h: no number decides this; did you mean "delivered after 1 h"?',
    ),
    (
        "opted_out: 4%",
        "outcomes: {never: 60%, landline: 50%}",
        "my.yaml:7: audience.outcomes: expected shares that make 100% at most, got 110%",
    ),
]


@pytest.mark.parametrize(("said", "instead", "message"), BROKEN_RULES)
def test_parts_that_do_not_fit_together_are_told_like_bad_values(said: str, instead: str, message: str) -> None:
    """What no schema can say has messages of the same form."""
    assert told(SMALL.replace(said, instead, 1)) == [message]


UNREADABLE = [
    ("", "my.yaml:1: expected a scenario, got an empty file"),
    ("name: [", "my.yaml:1: not valid YAML: expected the node content, but found '<stream end>'"),
    ("name: a\nname: b\n", "my.yaml:2: name: this key already stands on line 1; keep one of the two"),
    ("a: &x 1\nb: *x\n", "my.yaml:2: aliases such as *x are not read; write the value out"),
    ("a: !!binary aGk=\n", "my.yaml:1: tags such as tag:yaml.org,2002:binary are not read; write the value alone"),
    ("? [a]\n: 1\n", "my.yaml:1: expected a key in words, got a list or mapping"),
    ("[" * 1100 + "]" * 1100, "my.yaml:1: expected a scenario, got lists or mappings nested beyond reading"),
    ("# " + "x" * 1_000_000, "my.yaml:1: expected a scenario of at most 1,000,000 characters, got 1,000,002"),
    ("- 1\n", "my.yaml:1: expected a scenario: a mapping of keys, got a list"),
]


@pytest.mark.parametrize(("text", "message"), UNREADABLE, ids=[message.partition(": ")[2] for _, message in UNREADABLE])
def test_text_that_is_no_scenario_is_told_with_its_line(text: str, message: str) -> None:
    """Nothing in a file can lead to a traceback, to code that runs, or to memory that fills."""
    assert told(text) == [message]


def test_a_file_that_is_not_there_is_told_with_what_was_expected(tmp_path: Path) -> None:
    """A wrong path is as clear as a wrong key."""
    with pytest.raises(
        UnusableFileError, match=r"nothing\.yaml:1: cannot be read: No such file or directory; expected"
    ):
        load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_scenario_of_the_library_loads(file: Path) -> None:
    """What we hand out can be run."""
    assert all(scenario.name for scenario in load(file))


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_scenario_of_the_library_says_what_a_wrong_bridge_would_do(file: Path) -> None:
    """It is for readers: the schema for their editor comes first, and `about` names the mistake it is there for."""
    first, *_ = file.read_text().splitlines()
    assert (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve() == SCHEMA_FILE.resolve()
    assert "bridge" in load(file)[0].about


@pytest.mark.parametrize("named", ["scenarios/scheduled/first_campaign.yaml", "scheduled/first_campaign"])
def test_a_scenario_of_the_library_is_found_by_its_name(named: str, tmp_path: Path) -> None:
    """Who installed Sendproof without its repository has the library, too; what is no name of it stays as it is."""
    assert [file.resolve() for file in find(Path(named))] == [ROOT / "scenarios" / "scheduled" / "first_campaign.yaml"]
    assert find(tmp_path / named) == [tmp_path / named]


def test_texts_may_use_exactly_the_attributes_that_customers_have() -> None:
    """The list is kept on both sides of the wire; here they are held together."""
    audience = simulated.Audience(
        KeyedRandom(1), simulated.AudienceRecipe(customers=1, opted_out=0.0, unusable_numbers=0.0)
    )
    assert audience.attribute_names == ATTRIBUTES


def test_a_scenario_can_ask_for_every_fate_that_a_number_dials() -> None:
    """And for no other: both sides of the wire know the same names."""
    assert set(FATES) == set(BY_NAME)


def test_the_schema_is_itself_valid() -> None:
    """Editors can use it."""
    Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_text()))


def explained(page: str, heading: str) -> list[str]:
    """What a table of a page has in its first column."""
    rows = (ROOT / "docs" / page).read_text().partition(f"| {heading} |")[2].splitlines()[2:]
    return [row.split("`")[1] for row in takewhile(lambda row: row.startswith("|"), rows)]


def test_the_documents_explain_everything_that_a_bridge_is_told() -> None:
    """Who writes a bridge can rely on the list."""
    sandbox = {"sandbox": "s", "seed": 1, "services": {}, "channels": [], "country": "GB"}
    assert explained("connect-your-bridge.md", "key of the handover file") == list(
        handover_content("http://127.0.0.1:1", sandbox, Listen(host="127.0.0.1", port=2))
    )


def test_the_documents_explain_every_file_that_a_run_leaves() -> None:
    """And no other."""
    assert explained("read-a-verdict.md", "file | what it is") == list(FILES)
