"""Wrong texts, and their diagnosis."""

import re

import pytest

from history_builder import FIRST_SEND, START, HistoryBuilder, Line, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery
from sendproof_harness.judge.checks.text import CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

DUE_TEXT = "Hello Dan3, welcome."


def cause_of(run: HistoryBuilder) -> str:
    (finding,) = run.findings(CHECKS)
    return finding.cause.removeprefix("wrong text: ")


def with_template(body: str, text: str) -> HistoryBuilder:
    """Return a correct run where customer 3 is due a text of another template."""
    run = build_correct_run()
    number = run.obligation_of(3)["number"]
    split = {"template": 14, "title": "Other", "body": body, "send_at": iso(FIRST_SEND), "share": 1}
    run = run.change("campaign", lambda line: line | {"splits": [*line["splits"], split]})
    due = {"template": 14, "text": text}
    return run.change("obligation", lambda line: line | due if line["number"] == number else line)


def test_due_texts_pass(correct_run):
    assert correct_run.findings(CHECKS) == []


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("", "the text is empty"),
        ("Hello %%|FIRST_NAME%%, welcome.", "a placeholder was not filled in"),
        ("Hello {{ FIRST_NAME }}, welcome.", "a placeholder was not filled in"),
        ("Dan3, your bonus is here.", "made from another template of the campaign, 'Bonus'"),
        ("Hello Dan3, wel", "the end was cut off"),
        ("Dan3, welcome.", "the beginning is missing"),
        ("Hello Dan3, welcome. Sent by us", "text was added at the end"),
        ("Sendproof: Hello Dan3, welcome.", "text was added at the beginning"),
        ("Hello Dan3, welcome.Hello Dan3, welcome.", "the text twice"),
        ("Hello+Dan3%2C+welcome.", "encoded once too often, as in a URL"),
        ("HELLO DAN3, WELCOME.", "in capital letters"),
        ("hello dan3, welcome.", "in small letters"),
        ("Hello Dan3, Welcome.", "the case of letters was changed"),
        ("Hello  Dan3, welcome. ", "whitespace differs"),
        ("Hello , welcome.", "placeholders left empty: FIRST_NAME"),
        ("Hello None, welcome.", "the word 'None' instead of a value: FIRST_NAME"),
        ("Hello FIRST_NAME, welcome.", "the name of a placeholder instead of its value: FIRST_NAME"),
        ("Hello DAN3, welcome.", "the case of letters was changed"),
        ("Hello Da, welcome.", "a value was cut off: FIRST_NAME"),
        ("Welcome", "the title or id of the template instead of its text"),
        ("Good evening", "a text other than the due one"),
    ],
)
def test_wrong_text_is_one_finding_with_diagnosis(correct_run, got, diagnosis):
    run = correct_run.change_delivery_to(3, text=got)

    (finding,) = run.findings(CHECKS)

    assert (finding.cause, finding.expected, finding.got) == (f"wrong text: {diagnosis}", DUE_TEXT, got)
    assert ledger(run.history()).counts["wrong text"] == 1


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("We miss you, ClÃ©o8!", "UTF-8 was read as Latin-1, so non-ASCII characters were damaged"),
        ("We miss you, ClÃƒÂ©o8!", "UTF-8 was read as Latin-1, so non-ASCII characters were damaged"),
        ("We miss you, Cl\ufffdo8!", "Latin-1 was read as UTF-8, so non-ASCII characters were damaged"),
        ("We miss you, Cl?o8!", "non-ASCII characters were replaced by question marks"),
        ("We miss you, Clo8!", "non-ASCII characters were left out"),
        ("We miss you, Cleo8!", "non-ASCII characters were replaced by similar ASCII ones"),
        ("We miss you, Cle\u0301o8!", "characters are in another Unicode form"),
        ("We miss you, Cl\\u00e9o8!", "encoded once too often, as in JSON"),
        ("We miss you, Cl&#233;o8!", "encoded once too often, as in HTML"),
        ("We miss you, Cl&eacute;o8!", "encoded once too often"),
        ("We miss you, Cl\ufffd\ufffdo8!", "non-ASCII characters were damaged"),
    ],
)
def test_damaged_non_ascii_characters_are_named(correct_run, got, diagnosis):
    assert cause_of(correct_run.change_delivery_to(8, text=got)) == diagnosis


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("", "the text is empty where a placeholder has no value"),
        ("Hello Dan of None.", "the word 'None' where a placeholder has no value: CITY"),
        ("Hello Dan of undefined.", "the word 'undefined' where a placeholder has no value: CITY"),
        ("Hello Dan of your town.", "a default of the bridge where a placeholder has no value: CITY"),
        ("Hello Dan of Dan.", "the value of another attribute: CITY"),
    ],
)
def test_text_for_customer_without_a_value_is_named(got, diagnosis):
    run = with_template("Hello {{FIRST_NAME}} of {{CITY}}.", "Hello Dan of .")

    assert cause_of(run.change_delivery_to(3, text=got)) == diagnosis


@pytest.mark.parametrize("got", ["12345678901234567000", "12345678901234567168", "1.2345678901234567e+19"])
def test_long_number_that_was_rounded_is_named(got):
    run = with_template("{{FIRST_NAME}}, your card is {{CARD}}.", "Dan, your card is 12345678901234567890.")

    cause = "a value is damaged: a long number was rounded, as by a floating-point type: CARD"
    assert cause_of(run.change_delivery_to(3, text=f"Dan, your card is {got}.")) == cause


@pytest.mark.parametrize(
    ("due", "got", "diagnosis"),
    [
        ("1234.5", "1,234.50", "a value is damaged: a number in another format"),
        ("1234.5", "1.234,50", "a value is damaged: a number in another format"),
        ("1234.5", "1234,5", "a value is damaged: a number in another format"),
        ("1234.50", "1234.5", "a value is damaged: a number in another format"),
        ("1234.5", "1.2345E3", "a value is damaged: a number in another format"),
        ("1234.5", "1235", "a value is damaged: a number was rounded"),
        ("12.34", "12.3400000001", "a value is damaged: a number was rounded"),
        ("4294967296", "2147483647", "a value is damaged: a number that has no room in 32 bits was changed"),
        ("4294967296", "0", "a value is damaged: a number that has no room in 32 bits was changed"),
        ("2026-03-05", "05/03/2026", "a value is damaged: a date in another format"),
        ("2026-03-05", "2026-03-05T00:00:00Z", "a value is damaged: a date in another format"),
        ("1", "True", "a value is damaged: another word for yes or no"),
        ("R [a] x", "R  x", "a part of a value is missing"),
    ],
)
def test_value_in_another_form_is_named(due, got, diagnosis):
    run = with_template("{{FIRST_NAME}}: {{VALUE}} - {{CITY}}.", f"Dan: {due} - Leeds.")

    assert cause_of(run.change_delivery_to(3, text=f"Dan: {got} - Leeds.")) == f"{diagnosis}: VALUE"


@pytest.mark.parametrize(("due", "got"), [(" Ana ", "Ana"), ("Bo\u00a0", "Bo"), ("\u00a0Zoë ", "Zoë ")])
def test_value_without_the_white_space_at_its_ends_is_named(due, got):
    """A no-break space is outside ASCII, but a bridge that trims values leaves no other such character out."""
    run = with_template("Hello {{FIRST_NAME}} of {{CITY}}.", f"Hello {due} of Leeds.")

    cause = "a value is damaged: spaces at the ends were cut off: FIRST_NAME"
    assert cause_of(run.change_delivery_to(3, text=f"Hello {got} of Leeds.")) == cause


def test_text_without_the_white_space_at_its_ends_is_no_damaged_value():
    run = with_template("{{FIRST_NAME}}, hello.", " Ana , hello.")

    assert cause_of(run.change_delivery_to(3, text="Ana , hello.")) == "spaces at the ends were cut off"


def test_value_at_the_end_of_a_text_without_the_white_space_there_is_no_damaged_value():
    run = with_template(" Hello {{FIRST_NAME}}", " Hello Ana ")

    assert cause_of(run.change_delivery_to(3, text=" Hello Ana")) == "whitespace differs"


def test_number_without_its_leading_zeros_is_named():
    run = with_template("{{FIRST_NAME}}, your code is {{CODE}}.", "Dan, your code is 0042.")

    cause = "a value is damaged: a number in another format: CODE"
    assert cause_of(run.change_delivery_to(3, text="Dan, your code is 42.")) == cause


def test_number_without_its_decimals_is_named():
    run = with_template("{{FIRST_NAME}}, only {{PRICE}} today.", "Dan, only 10.50 today.")

    assert cause_of(run.change_delivery_to(3, text="Dan, only 10 today.")) == "a number lost its decimals: PRICE"


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("Lee Dan, hi.", "the value of another attribute: FIRST_NAME, LAST_NAME"),
        ("Dan, hi.", "a text other than the due one"),
        ("Dan null, hi.", "the word 'null' instead of a value: LAST_NAME"),
    ],
)
def test_values_of_several_placeholders_are_compared(got, diagnosis):
    run = with_template("{{FIRST_NAME}} {{LAST_NAME}}, hi.", "Dan Lee, hi.")

    assert cause_of(run.change_delivery_to(3, text=got)) == diagnosis


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("Hi {{CITY}} of ", "a placeholder in the customer's value was filled in, too: CITY"),
        (
            "Hi %%|FIRST_NAME%% of %%|FIRST_NAME%%",
            "a placeholder in the customer's value was filled in, too: FIRST_NAME",
        ),
        ("Hi  of ", "placeholders left empty: FIRST_NAME, CITY"),
        ("Hi {{FIRST_NAME}} of %%|FIRST_NAME%%", "a placeholder was not filled in"),
        ("Hi CITY of %%|FIRST_NAME%%", "some signs were left out"),
    ],
)
def test_customer_called_like_a_placeholder_keeps_the_name(got, diagnosis):
    run = with_template("Hi {{FIRST_NAME}} of {{CITY}}", "Hi {{CITY}} of %%|FIRST_NAME%%")

    assert cause_of(run.change_delivery_to(3, text=got)) == diagnosis


def test_value_of_many_placeholders_does_not_hold_the_judge():
    """A history may come from someone else: of forty places, each could have either of two values."""
    run = with_template("{{A}}{{B}} {{C}}!", "xxx " + "{{A}}" * 40 + "!")

    assert "filled in, too" not in cause_of(run.change_delivery_to(3, text="xxx " + "x" * 60 + "y!"))


def test_value_with_signs_of_a_replacement_is_damaged():
    run = with_template("Hi {{FIRST_NAME}}, news.", "Hi R&D $1 $& $$ team, news.")
    cause = "signs such as $1 were taken for references of a replacement"

    assert cause_of(run.change_delivery_to(3, text="Hi R&D   $ team, news.")) == cause


def test_text_that_ends_with_an_empty_placeholder_was_not_cut_off():
    run = with_template("Hello {{FIRST_NAME}}", "Hello Dan")

    assert cause_of(run.change_delivery_to(3, text="Hello ")) == "placeholders left empty: FIRST_NAME"


@pytest.mark.parametrize("length", [70, 160])
def test_text_cut_at_the_length_of_an_sms_names_the_length(length):
    long_text = "Hello Dan, " + "and so on, " * 20
    run = with_template("Hello {{FIRST_NAME}}, " + "and so on, " * 20, long_text)

    assert cause_of(run.change_delivery_to(3, text=long_text[:length])) == f"cut off at {length} characters"


def test_texts_cut_at_one_length_name_the_length(correct_run):
    run = correct_run.change_delivery_to(3, text="Hello Dan3").change_delivery_to(9, text="Hello Dan9")

    assert {finding.cause for finding in run.findings(CHECKS)} == {"wrong text: cut off at 10 characters"}


def test_ending_that_several_texts_lack_is_named():
    run = with_template("{{FIRST_NAME}}, hi. Reply STOP.", "Dan, hi. Reply STOP.")
    number = run.obligation_of(9)["number"]
    due = {"template": 14, "text": "Eleanor, hi. Reply STOP."}
    run = run.change("obligation", lambda line: line | due if line["number"] == number else line)

    run = run.change_delivery_to(3, text="Dan, hi.").change_delivery_to(9, text="Eleanor, hi.")

    assert {finding.cause for finding in run.findings(CHECKS)} == {"wrong text: the end is missing: 'Reply STOP.'"}


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("Dan, only 5 left at Tom's!", "some signs were left out"),
        ("Dan, only 5 [left] at Tom\N{RIGHT SINGLE QUOTATION MARK}s!", "some signs were replaced by others"),
    ],
)
def test_lost_and_replaced_signs_are_named(got, diagnosis):
    run = with_template("{{FIRST_NAME}}, only 5 [left] at Tom's!", "Dan, only 5 [left] at Tom's!")

    assert cause_of(run.change_delivery_to(3, text=got)) == diagnosis


def test_line_breaks_that_became_spaces_are_named():
    run = with_template("Hello {{FIRST_NAME}}\nwelcome.", "Hello Dan\nwelcome.")

    assert cause_of(run.change_delivery_to(3, text="Hello Dan\\nwelcome.")) == "encoded once too often, as in JSON"
    assert cause_of(run.change_delivery_to(3, text="Hello Dan welcome.")) == "line breaks were changed"


def test_text_of_an_earlier_version_of_the_template_is_named(correct_run):
    changed = {"n": 0, "at": iso(START + HOUR), "kind": "provider_template", "service": "textlocal", "id": 11}
    old = changed | {"at": iso(START), "action": "created", "title": "Welcome", "body": "Hi {{FIRST_NAME}}!"}
    new = changed | {"action": "changed", "body": "Hello {{FIRST_NAME}}, welcome."}
    run = correct_run.without("provider_template").plus(old, new)

    assert cause_of(run.change_delivery_to(3, text="Hi Dan3!")) == "made from an old version of the template"


def rewritten_at(run: HistoryBuilder, at: int, body: str) -> HistoryBuilder:
    """Return the run with another text of template 11 from then on."""
    change = {"n": 0, "at": iso(at), "kind": "provider_template", "service": "textlocal", "action": "changed"}
    return run.plus(change | {"id": 11, "body": body})


@pytest.mark.parametrize("text", ["Hello Dan3, welcome.", "Hi Dan3 of Leeds!"])
def test_text_that_changes_after_the_announcement_may_be_either(correct_run, text):
    """No document says if it is filled when the customers are read or when the messages go out."""
    run = rewritten_at(correct_run, FIRST_SEND - 30 * MINUTE, "Hi {{FIRST_NAME}} of {{CITY}}!")

    assert [finding.cause for finding in run.change_delivery_to(3, text=text).findings(CHECKS)] == []
    assert cause_of(run.change_delivery_to(3, text="Hi Dana of Leeds!")).startswith("made from")


@pytest.mark.parametrize(("text", "kind"), [
    ("Hello Dan3, welcome.", "refused"),
    ("Hi Dan3 of Leeds!", "refused"),
    ("Hi Dana of Leeds!", "lost"),
])  # fmt: skip
def test_refused_text_that_changes_after_the_announcement_may_be_either(correct_run, text, kind):
    number = correct_run.obligation_of(3)["number"]
    refused = {
        "n": 5000,
        "at": iso(FIRST_SEND),
        "kind": "rejection",
        "service": "textlocal",
        "number": number,
        "code": 51,
    }
    run = rewritten_at(correct_run, FIRST_SEND - 30 * MINUTE, "Hi {{FIRST_NAME}} of {{CITY}}!")
    run = run.without("delivery", lambda line: line["number"] == number).plus(refused | {"text": text})

    assert ledger(run.history()).recipients[3].kind == kind
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize(("text", "is_right"), [
    ("Dear Smith, welcome.", True),
    ("Dear Maria Smith, welcome.", True),
    ("Dear Anna, welcome.", False),
    ("Dear Jones, welcome.", False),
])  # fmt: skip
@pytest.mark.parametrize("changed", [START + HOUR, FIRST_SEND - 30 * MINUTE], ids=["before", "after"])
def test_neighbouring_values_with_spaces_may_be_divided_in_any_way(text, is_right, changed):
    """The text that was due before the change does not show where the first name ends."""
    planned = "Hello {{FIRST_NAME}} {{LAST_NAME}}, welcome."
    template = {"n": 0, "kind": "provider_template", "service": "textlocal", "id": 14, "title": "Other"}
    run = with_template(planned, "Hello Anna Maria Smith, welcome.").plus(
        template | {"at": iso(START), "action": "created", "body": planned},
        template | {"at": iso(changed), "action": "changed", "body": "Dear {{LAST_NAME}}, welcome."},
    )
    run = run.change_delivery_to(3, text=text)

    assert ("C0000003" not in {finding.where.customer for finding in run.findings(CHECKS)}) == is_right
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_values_that_can_be_divided_in_any_way_leave_each_message_to_its_campaign():
    """The second campaign has the same template, which changed between the two."""
    planned, text = "Hello {{FIRST_NAME}} {{LAST_NAME}}, welcome.", "Hello Anna Maria Smith, welcome."
    run = with_template(planned, text).change_delivery_to(3, text=text)
    template = {"n": 0, "kind": "provider_template", "service": "textlocal", "id": 14, "title": "Other"}
    due = iso(FIRST_SEND + DAY)
    second = run.obligation_of(3) | {"campaign": 7002, "at": iso(FIRST_SEND + 20 * HOUR), "due": due}
    sent = {"message": "second", "text": "Dear Anna Maria.", "at": due, "send_at": due}
    run = run.plus(
        template | {"at": iso(START), "action": "created", "body": planned},
        template | {"at": iso(FIRST_SEND + 12 * HOUR), "action": "changed", "body": "Dear {{FIRST_NAME}}."},
        second,
        run.delivery_to(3) | sent,
    )

    assert [finding.cause for finding in run.findings(delivery.CHECKS)] == []
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_text_that_changes_after_the_send_is_wrong(correct_run):
    run = rewritten_at(correct_run, FIRST_SEND + HOUR, "Hi {{FIRST_NAME}}!")

    cause = cause_of(run.change_delivery_to(3, text="Hi Dan3!"))

    assert cause == "made from an other, newer version of the template"


def test_text_that_changes_long_before_the_announcement_is_the_due_one(correct_run):
    """The campaign was planned with the old text, which no bridge has read since."""
    run = rewritten_at(correct_run, START + HOUR, "Hi {{FIRST_NAME}}!")
    outdated = {(finding.where.customer, finding.cause) for finding in run.findings(CHECKS)}
    still = {finding.where.customer for finding in run.change_delivery_to(3, text="Hi Dan3!").findings(CHECKS)}

    assert ("C0000003", "wrong text: made from an old version of the template") in outdated
    assert {customer for customer, _ in outdated} - still == {"C0000003"}


@pytest.mark.parametrize(
    ("status", "scope", "blame"), [(200, ["FIRST_NAME"], "config"), (403, None, "config"), (200, ["CITY"], "bridge")]
)
def test_value_that_no_bridge_can_know_is_a_matter_of_the_configuration(correct_run, status, scope, blame):
    """Event 11 leaves it out, and the key of the bridge may not read it, or no attributes at all."""
    about = {"n": 0, "at": iso(START), "campaign": 7001, "channel": 505, "customer": "C0000003", "template": 11}
    trigger = about | {"kind": "trigger", "trigger": "Cart", "request_id": "r", "excluded": ["FIRST_NAME"]}
    look_up = {"n": 0, "at": iso(START), "kind": "request", "service": "optimove", "operation": "GetCustomerAttributes",
               "method": "GET", "path": "/x", "credential": "known", "status": status,
               "summary": None if scope is None else {"customer": "C0000003", "outside_scope": scope}}  # fmt: skip
    run = correct_run.change(
        "obligation", lambda line: line | {"trigger": "Cart"} if line["customer"] == "C0000003" else line
    )
    (finding,) = run.plus(trigger, look_up).change_delivery_to(3, text="Hello , welcome.").findings(CHECKS)

    assert finding.blame == blame
    assert ("event 11 leaves out FIRST_NAME" in finding.cause) == (blame == "config")


def test_text_of_a_template_of_no_split_is_named(correct_run):
    other = {"n": 0, "at": iso(START), "kind": "provider_template", "service": "textlocal", "action": "created"}
    run = correct_run.plus(other | {"id": 14, "title": "Invoice", "body": "Please pay, {{FIRST_NAME}}."})

    cause = cause_of(run.change_delivery_to(3, text="Please pay, Dan3."))

    assert cause == "made from the template 'Invoice', which is not the campaign's"


def test_value_from_before_a_change_is_outdated(correct_run):
    change = {"customer": "C0000003", "field": "FIRST_NAME", "value": "Dana"}
    update = {"n": 0, "at": iso(START), "kind": "attributes", "source": "api", "changes": [change]}
    run = correct_run.plus(update).change_delivery_to(3, text="Hello Dana, welcome.")

    assert cause_of(run) == "an outdated value of the customer: FIRST_NAME"


# -- values of other customers ----------------------------------------------------------------------


def test_value_of_another_customer_is_named_with_the_customer(correct_run):
    (finding,) = correct_run.change_delivery_to(3, text="Hello Dan9, welcome.").findings(CHECKS)

    assert finding.cause == "wrong text: the value of another customer"
    assert finding.got == "Hello Dan9, welcome.  (FIRST_NAME of C0000009)"


def _with_values_of(run: HistoryBuilder, owners: dict[int, int]) -> HistoryBuilder:
    """Change the texts of some customers into those with the name of another one."""
    name = {index: re.search(r"[A-Z][a-zé]+\d+", str(run.obligation_of(index)["text"]))[0] for index in range(12)}
    for customer, owner in owners.items():
        text = str(run.obligation_of(customer)["text"]).replace(name[customer], name[owner])
        run = run.change_delivery_to(customer, text=text)
    return run


@pytest.mark.parametrize(
    ("owners", "diagnosis"),
    [
        ({5: 0, 9: 4}, "the value of the customer in the same row of page 1"),
        ({5: 4, 9: 8, 11: 10}, "the value of another customer, in the row before"),
        ({3: 0, 4: 0, 8: 0}, "the value of one customer for several"),
        ({3: 8, 8: 0}, "the value of another customer"),
    ],
)
def test_rows_of_the_owners_tell_the_cause(correct_run, owners, diagnosis):
    run = correct_run.change("obligation", lambda line: line | {"text": line["text"] or "We miss you, Cléo2!"})

    findings = _with_values_of(run, owners).findings(CHECKS)

    assert {finding.cause for finding in findings} == {f"wrong text: {diagnosis}"}


def test_one_template_for_all_recipients_is_recognised(correct_run):
    names = {line["number"]: line["text"] for line in correct_run.lines_of("obligation")}

    def first_template(line: Line) -> Line:
        name = re.search(r"[A-Z][a-zé]+[0-9]+", names[line["number"]])[0]
        return line | {"text": f"Hello {name}, welcome."}

    findings = correct_run.change("delivery", first_template).findings(CHECKS)
    assert [finding.cause for finding in findings] == [
        "wrong text: one template for all: every recipient got 'Welcome' instead of their own"
    ] * 6


@pytest.mark.parametrize(
    ("url", "causes"),
    [
        ("https://example.com/basket", []),
        (None, ["overrides ignored: the link of the client's overrides is missing"]),
        ("https://example.com/", ["overrides ignored: a link other than that of the client's overrides"]),
    ],
)
def test_triggered_messages_have_the_link_of_the_overrides(correct_run, url, causes):
    """Customer 3 got a triggered message, and all others one without a trigger."""
    number = correct_run.obligation_of(3)["number"]
    run = correct_run.change(
        "obligation", lambda line: line | {"trigger": "Visit"} if line["number"] == number else line
    )
    run = run.change("delivery", lambda line: line | {"url": url} if line["number"] == number else line)
    scenario = {"kind": "scenario", "name": "Small", "file": "small", "links": {"505": "https://example.com/basket"}}
    run = run.plus({"n": 0, "at": iso(START), "real": 0.0} | scenario)

    assert [finding.cause for finding in run.findings(CHECKS)] == causes


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("Hello our friend, welcome.", []),
        ("Hello Dan3, welcome.", ["wrong text: the values of the client's overrides are missing"]),
    ],
)
def test_triggered_messages_have_the_values_of_the_overrides(correct_run, text, causes):
    """Customer 3 got a triggered message, with a value of the client's in place of the customer's name."""
    run = correct_run.change_delivery_to(3, text=text)
    run = run.change(
        "obligation",
        lambda line: (
            line | {"trigger": "Visit", "text": "Hello our friend, welcome."}
            if line["number"] == correct_run.obligation_of(3)["number"]
            else line
        ),
    )
    overridden = {"overridden_values": {"505": {"FIRST_NAME": "our friend"}}}
    scenario = {"kind": "scenario", "name": "Small", "file": "small"} | overridden
    run = run.plus({"n": 0, "at": iso(START), "real": 0.0} | scenario)

    assert [finding.cause for finding in run.findings(CHECKS)] == causes


@pytest.mark.parametrize(
    ("url", "causes"),
    [
        ("https://example.com/offer", []),
        ("https://example.com/offer?utm_source=sms", []),
        ("https://vendor.example/", ["a link other than that of the client's template"]),
        (None, ["a link other than that of the client's template"]),
    ],
)
def test_messages_have_the_link_of_their_template(correct_run, url, causes):
    run = correct_run.change_delivery_to(3, url=url, template_url="https://example.com/offer")

    assert [finding.cause for finding in run.findings(CHECKS)] == causes
    first = correct_run.change_delivery_to(3, url="https://example.com/offer", template_url="https://example.com/offer")
    again = first.plus(first.delivery_to(3) | {"message": "again", "url": url})
    assert [finding.cause for finding in again.findings(CHECKS)] == causes


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://Shop.Example?a=1#top", "https://shop.example/?a=1&utm_source=sms#top"),
        ("https://shop.example/p#top", "https://shop.example/p?utm_source=sms#top"),
        ("https://shop.example/?p=1", "https://shop.example/?utm_source=sms&p=1"),
        ("https://shop.example:443/caf\u00e9?q=a%20b", "https://shop.example/caf%C3%A9?q=a+b"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example"),
        ("https://shop.example/p", "https://shop.example/p#utm"),
        ("https://[shop", "https://[shop?utm_source=sms"),
    ],
)
def test_link_of_the_template_may_be_spelled_differently_and_have_more_parameters(correct_run, link, url):
    assert not correct_run.change_delivery_to(3, url=url, template_url=link).findings(CHECKS)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.evil.example/p?a=1#top",
        "http://shop.example/p?a=1#top",
        "https://shop.example:8443/p?a=1#top",
        "https://shop.example/p/q?a=1#top",
        "https://shop.example/p?a=12#top",
        "https://shop.example/p#top",
        "https://shop.example/p?a=1#end",
        "https://user@shop.example/p?a=1#top",
        "https://[shop.example/p?a=1#top",
    ],
)
def test_link_to_another_place_is_found(correct_run, url):
    run = correct_run.change_delivery_to(3, url=url, template_url="https://shop.example/p?a=1#top")
    assert [finding.cause for finding in run.findings(CHECKS)] == ["a link other than that of the client's template"]


@pytest.mark.parametrize(("minutes", "count"), [(-61, 1), (-59, 0), (30, 0)])
def test_earlier_link_of_the_template_is_right_for_an_hour(correct_run, minutes, count):
    """As a text is: the bridge may have read it up to an hour before the announcement."""
    announced = parse_instant(correct_run.lines_of("campaign")[0]["announced_at"])
    earlier = [{"url": "https://example.com/old", "until": iso(announced + minutes * MINUTE)}]
    links = {"url": "https://example.com/old?utm", "template_url": "https://example.com/new"}
    run = correct_run.change_delivery_to(3, **links, earlier_template_urls=earlier)

    assert len(run.findings(CHECKS)) == count


@pytest.mark.parametrize(("free", "levels"), [((), ["fail"]), ((505,), ["unknown"])])
def test_text_that_overrides_compute_from_the_event_is_not_judged(correct_run, free, levels):
    """Only the bridge knows what they make of the event."""
    number = correct_run.obligation_of(3)["number"]
    run = correct_run.change(
        "obligation", lambda line: line | {"trigger": "Visit"} if line["number"] == number else line
    )
    run = run.change("delivery", lambda line: line | {"text": "Hi"} if line["number"] == number else line)
    scenario = {"kind": "scenario", "name": "Small", "file": "small", "free_texts": free}
    run = run.plus({"n": 0, "at": iso(START), "real": 0.0} | scenario)

    assert [finding.level for finding in run.findings(CHECKS)] == levels


def test_doubled_quotes_are_named():
    run = with_template("Hello {{FIRST_NAME}}.", "Hello Dan O'Neill.")

    assert cause_of(run.change_delivery_to(3, text="Hello Dan O''Neill.")) == "quotes were doubled, as in SQL"
