"""Subjects and individuals that no run of a file can contain are refused before anything runs."""

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import ChangeAttributes, CustomerSelection, Individual, OptIn, Subject

FILE = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {{customers: 100{audience}}}
subjects: {subjects}
channels: [{{id: 505, provider: textlocal}}]
templates: [{{provider: textlocal, title: News, body: "Hello {{{{FIRST_NAME}}}}"}}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{{share: 100%, template: News, send_at: 2026-03-02T10:00:00Z}}]
steps:
  - wait_for: {{listeners: 1}}
  - plan: 7001
{steps}  - advance: 1 day
"""

PROVIDER_ONLY = "this client keeps opt-outs at the provider only; add `consent: attribute` to `bridge`"
NOT_DUE = "expected two individuals with `protection: none`"


def file_with(subjects: str = "[{due: 7001}]", audience: str = "", steps: str = "") -> str:
    return FILE.format(subjects=subjects, audience=audience, steps=steps)


def messages(text: str) -> list[str]:
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(text, "my.yaml")
    return [line.partition(": ")[2] for line in str(raised.value).splitlines()]


@pytest.mark.parametrize(
    ("subject", "remedy"),
    [
        ("due: 7002", "known campaigns and triggers: 7001"),
        ("due_on_page: 2", "page 2 needs a campaign with at least 10,001 customers"),
        ("due_again_within: 1 hour", "add `repeat: true` to a trigger"),
        ("withheld: provider_list", "add `opted_out`, or an individual with this protection, to the audience"),
        ("withheld: no_consent", "add `consent: attribute` to `bridge`, and `opted_out` to the audience"),
        ("withheld: cancelled", "add `cancel_at` to a campaign, or a step `cancel`"),
        ("withheld: not_cleared", "add `clearance_by` to a campaign"),
        ("withheld: control_group", "add `control_group` to a campaign"),
        ("outcome: never", "add it to the `outcomes` of the audience, or to an individual"),
        (
            "opted_out_between: provider",
            "add an outcome with a reply, such as `delivered, replies STOP`, to the audience",
        ),
        ("opted_in_again: attribute", "add a step such as `opt_in: {by: attribute, customers: 20}`"),
        ("withheld: outside_segment", "add a `segment` to a template"),
        ("withheld: suppressed", "add `suppression`"),
        ("shared_number: true", "add an individual with `same_number_as` to the audience"),
        ("changed_number: true", "add a step `change_attributes` with a new PHONENUMBER"),
        ("opted_out_elsewhere: true", "add individuals of two clients with one `number` to the audience"),
    ],
)
def test_subject_that_no_run_can_contain_is_refused(subject: str, remedy: str) -> None:
    kind = subject.partition(":")[0]
    (message,) = messages(file_with(f"[{{{subject}}}]"))
    assert message == f"subjects[0].{kind}: no run of this file can contain this subject; {remedy}"


def test_two_subjects_in_one_item_are_refused() -> None:
    assert messages(file_with("[{due: 7001, due_on_page: 1}]")) == [
        "subjects[0]: expected one subject, got 2 (due, due_on_page); write each subject as its own list item"
    ]


@pytest.mark.parametrize(
    ("individual", "message"),
    [
        ("customer: 100", "customer: expected at most 99 (the audience has 100 customers, from 0), got 100"),
        ("customer: 1, outcome: nevr", 'outcome: no test number has this outcome; did you mean "never"?'),
        ("customer: 1, attributes: {CITTY: Ys}", 'attributes.CITTY: unknown attribute "CITTY"; did you mean "CITY"?'),
        (
            "customer: 1, client: west",
            'client: no client is named "west"; name the clients in `clients`, or remove this key',
        ),
        ("customer: 1, protection: no_consent", f"protection: {PROVIDER_ONLY}"),
        ("customer: 1, same_number_as: 2", f"same_number_as: {NOT_DUE}, got 1 and 2"),
    ],
)
def test_impossible_individual_is_refused(individual: str, message: str) -> None:
    assert messages(file_with(audience=f", individuals: [{{{individual}}}]")) == [f"audience.individuals[0].{message}"]


def test_number_that_bridges_may_read_differently_is_refused() -> None:
    """07700 900123 is for films: whether a bridge sends to it depends on its library for numbers."""
    refusal = "expected a number that is assigned, such as 447400123456, or one that is too short, got"
    audience = ', individuals: [{customer: 1, number: "44712"}, {customer: 2, number: "07700 900123"}]'
    steps = '  - change_attributes: {customer: 1, values: {PHONENUMBER: "447700900123"}}\n'
    assert messages(file_with(audience=audience, steps=steps)) == [
        f'audience.individuals[1].number: {refusal} "07700 900123"',
        f'steps[2].change_attributes.values.PHONENUMBER: {refusal} "447700900123"',
    ]


def test_ids_of_two_customers_are_refused() -> None:
    """In any case, and in the form of all others; and a step names the customers of every client alike."""
    audience = ", individuals: [{customer: 1, id: Ann}, {customer: 2, id: ann}, {customer: 3, id: C0000004}]"
    assert messages(file_with(audience=audience)) == [
        "audience.individuals[1].id: customer 1 has this id, in this or another case; give each customer their own",
        'audience.individuals[2].id: expected another form than that of the other customers, got "C0000004"',
    ]


def test_id_in_the_usual_form_but_for_its_case_is_refused() -> None:
    audience = ", individuals: [{customer: 0, id: c0000001}]"
    assert messages(file_with(audience=audience)) == [
        'audience.individuals[0].id: expected another form than that of the other customers, got "c0000001"'
    ]


@pytest.mark.parametrize("id_", [".", "..", "\\u00a042", "42\\u3000", "42\\ufeff", "a\\u2028b", "a\\u0085b", "a\\n"])
def test_id_that_not_every_system_can_store_or_address_is_refused(id_: str) -> None:
    with pytest.raises(InvalidFileError, match="id: expected an id of 1 to 100 characters, without slashes"):
        parse_scenarios(file_with(audience=f', individuals: [{{customer: 1, id: "{id_}"}}]'), "my.yaml")


def test_id_with_letters_in_pieces_is_refused() -> None:
    """A system that normalises text changes it."""
    (message,) = messages(file_with(audience=', individuals: [{customer: 1, id: "Zoe\\u0308"}]'))
    assert message.startswith("audience.individuals[0].id: expected composed characters (Unicode form NFC), got")


def test_individual_of_two_entries_is_refused() -> None:
    both = ", individuals: [{customer: 1}, {customer: 1}]"
    assert messages(file_with(audience=both)) == [
        "audience.individuals[1].customer: customer 1 already is an individual; remove one of the two"
    ]


def test_subjects_individuals_and_batch_files_become_values() -> None:
    steps = "  - change_attributes: {customer: 7, values: {CITY: Leeds}}\n  - opt_in: {by: attribute, customers: 2}\n"
    audience = ", opted_out: 4%, individuals: [{customer: 7, protection: none, attributes: {CITY: null}}]"
    (scenario,) = parse_scenarios(file_with("[{text_longer_than: 160}]", audience, steps), "my.yaml")
    assert scenario.subjects == (Subject(kind="text_longer_than", value=160),)
    assert scenario.audience.individuals == (Individual(customer=7, protection="none", attributes={"CITY": None}),)
    changed, opted_in = scenario.steps[2:4]
    assert changed == ChangeAttributes(
        selection=CustomerSelection(customers=1, first_customer=7), values={"CITY": "Leeds"}
    )
    assert isinstance(opted_in, OptIn)


def test_change_of_an_unknown_attribute_is_refused() -> None:
    steps = "  - change_attributes: {customer: 100, values: {CITTY: Ys}}\n"
    assert messages(file_with(steps=steps)) == [
        "steps[2].change_attributes.customer: expected at most 99 (the audience has 100 customers, from 0), got 100",
        'steps[2].change_attributes.values.CITTY: unknown attribute "CITTY"; did you mean "CITY"?',
    ]
