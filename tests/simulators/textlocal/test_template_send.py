"""The send of the brochure Textlocal x Optimove: a template, to a group of customer ids. All of it assumed."""

import pytest

from instants import NINE

TEMPLATE = "Hi {{FIRST_NAME}}"


@pytest.fixture
def account(speaking):
    """An account that speaks it."""
    return speaking(template_send="brochure")


def group_of(account, *ids):
    """A group with these customers."""
    group = account.call("create_group", name=f"Target {len(ids)}")["group"]["id"]
    account.call("create_contacts", numbers=",".join(ids), group_id=group)
    return group


def test_each_customer_gets_the_template_at_their_own_number(account):
    """Filled in from what the client imported: here, the audience."""
    people = list(account.context.audience.customers(0, 3))
    group = group_of(account, *(customer.id for customer in people))
    said = account.call("send", group_id=group, template_id=account.template(TEMPLATE))
    assert said["num_messages"] == 3
    sent = [(entry["number"], entry["text"]) for entry in account.entries("delivery")]
    assert sent == [(person.number, f"Hi {person.attributes['FIRST_NAME']}") for person in people]


def test_the_send_can_wait_for_its_time(account):
    """The date and time are the third thing that the brochure names."""
    group, template = group_of(account, "C0000001"), account.template(TEMPLATE)
    account.call("send", group_id=group, template_id=template, schedule_time=NINE // 1000 + 3600)
    assert [row["howmany"] for row in account.call("get_scheduled")["scheduled"]] == ["1"]


def test_each_gets_the_language_that_their_attribute_names(account):
    """One campaign holds several texts, chosen by a custom field."""
    english, french = account.template(TEMPLATE), account.template("Bonjour {{FIRST_NAME}}", "Offre")
    account.set(translations={str(english): {"field": "LANGUAGE", "templates": {"fr": french}}})
    group = group_of(account, *(f"C{index:07d}" for index in range(100)))
    account.call("send", group_id=group, template_id=english)
    languages = {c.number: c.attributes["LANGUAGE"] for c in account.context.audience.customers(0, 100)}
    texts = {entry["number"]: entry["text"].split()[0] for entry in account.entries("delivery")}
    assert texts == {number: "Bonjour" if language == "fr" else "Hi" for number, language in languages.items()}
    assert "Bonjour" in texts.values()


def test_a_group_of_customers_lists_and_loses_them_by_id(account):
    """As if the id were a number."""
    group = group_of(account, "C0000001", "C0000002")
    assert [row["number"] for row in account.call("get_contacts", group_id=group)["contacts"]] == [
        "C0000001",
        "C0000002",
    ]
    assert account.call("delete_contact", group_id=group, number="C0000001")["number"] == "C0000001"
    assert account.call("get_contacts", group_id=group)["num_contacts"] == 1


def test_numbers_and_details_count_as_well(account):
    """A contact that is no customer brings what is known of it."""
    group = account.call("create_group", name="Others")["group"]["id"]
    contact = '[{"number":"447700900123","first_name":"Zoe"}]'
    account.call("create_contacts_bulk", group_id=group, contacts=contact)
    said = account.call("send", group_id=group, template_id=account.template("Hi {{first_name}}"))
    assert said["message"]["content"] == "Hi Zoe"


def test_an_unknown_template_is_refused(account):
    """So is a customer who is none."""
    assert account.code("send", group_id=group_of(account, "C0000001"), template_id=1) == 0
    assert account.code("create_contacts", numbers="C9999999") == 56


def test_group_history_has_a_row_for_each_send(account):
    """What Optimove would ask for day by day (observed: https://github.com/lindar-open/textlocal-java-client)."""
    group = group_of(account, "C0000001", "C0000002")
    said = account.call("send", group_id=group, template_id=account.template(TEMPLATE))
    history = account.call("get_history_group")
    assert (history["total"], history["messages"][0]["batch_id"]) == (1, said["batch_id"])
    assert (history["messages"][0]["group_name"], history["messages"][0]["num_credits"]) == ("Target 2", 2)
