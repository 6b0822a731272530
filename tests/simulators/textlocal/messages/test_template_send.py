"""Sends of a template to a group of customer ids, as in the brochure Textlocal x Optimove. assumed, all of it."""

import pytest

from instants import NINE

TEMPLATE = "Hi {{FIRST_NAME}}"


@pytest.fixture
def account(account_with):
    """Return an account of a sandbox with this dialect option."""
    return account_with(template_send="brochure")


def group_of_customers(account, *ids):
    """Return the id of a new group with these customers."""
    group = account.call("create_group", name=f"Target {len(ids)}")["group"]["id"]
    account.call("create_contacts", numbers=",".join(ids), group_id=group)
    return group


def test_template_send_uses_number_and_attributes_of_each_customer(account):
    """The simulator fills in the audience's attributes, as Textlocal does with imported ones."""
    people = list(account.context.audience.customers(0, 3))
    group = group_of_customers(account, *(customer.id for customer in people))
    result = account.call("send", group_id=group, template_id=account.template(TEMPLATE))
    assert result["num_messages"] == 3
    sent = [(entry["number"], entry["text"]) for entry in account.entries("delivery")]
    assert sent == [(person.number, f"Hi {person.attributes['FIRST_NAME']}") for person in people]


def test_template_send_can_be_scheduled(account):
    """The brochure names date and time as the third parameter."""
    group, template = group_of_customers(account, "C0000001"), account.template(TEMPLATE)
    account.call("send", group_id=group, template_id=template, schedule_time=NINE // 1000 + 3600)
    assert [row["howmany"] for row in account.call("get_scheduled")["scheduled"]] == ["1"]


def test_refusal_of_a_group_is_a_rejection_of_each_customer(account_with):
    """At 9:00 UTC it is day in India, and twelve hours later night."""
    account = account_with(template_send="brochure", variant="india")
    people = list(account.context.audience.customers(0, 2))
    form = {"group_id": group_of_customers(account, *(p.id for p in people)), "template_id": account.template(TEMPLATE)}
    result = account.call("send", **form, schedule_time=NINE // 1000 + 12 * 3600)

    assert result["errors"][0]["code"] == 192
    rejected = [(entry["number"], entry["code"], entry["whole_call"]) for entry in account.entries("rejection")]
    assert rejected == [(person.number, 192, True) for person in people]


def test_template_send_uses_translation_for_customer_attribute(account):
    """One campaign contains several texts, chosen by a custom field."""
    english, french = account.template(TEMPLATE), account.template("Bonjour {{FIRST_NAME}}", "Offre")
    account.set(translations={str(english): {"field": "LANGUAGE", "templates": {"fr": french}}})
    group = group_of_customers(account, *(f"C{index:07d}" for index in range(100)))
    account.call("send", group_id=group, template_id=english)
    languages = {c.number: c.attributes["LANGUAGE"] for c in account.context.audience.customers(0, 100)}
    texts = {entry["number"]: entry["text"].split()[0] for entry in account.entries("delivery")}
    assert texts == {number: "Bonjour" if language == "fr" else "Hi" for number, language in languages.items()}
    assert "Bonjour" in texts.values()


def test_customer_ids_are_listed_and_deleted_like_numbers(account):
    group = group_of_customers(account, "C0000001", "C0000002")
    assert [row["number"] for row in account.call("get_contacts", group_id=group)["contacts"]] == [
        "C0000001",
        "C0000002",
    ]
    assert account.call("delete_contact", group_id=group, number="C0000001")["number"] == "C0000001"
    assert account.call("get_contacts", group_id=group)["num_contacts"] == 1


def test_template_send_uses_contact_details_without_customer(account):
    group = account.call("create_group", name="Others")["group"]["id"]
    contact = '[{"number":"447700900123","first_name":"Zoe"}]'
    account.call("create_contacts_bulk", group_id=group, contacts=contact)
    result = account.call("send", group_id=group, template_id=account.template("Hi {{first_name}}"))
    assert result["message"]["content"] == "Hi Zoe"


def test_unknown_template_or_customer_is_refused(account):
    assert account.error_code("send", group_id=group_of_customers(account, "C0000001"), template_id=1) == 0
    assert account.error_code("create_contacts", numbers="C9999999") == 56


def test_group_history_has_one_row_per_send(account):
    """Optimove would query it day by day (observed: https://github.com/lindar-open/textlocal-java-client)."""
    group = group_of_customers(account, "C0000001", "C0000002")
    result = account.call("send", group_id=group, template_id=account.template(TEMPLATE))
    history = account.call("get_history_group")
    assert (history["total"], history["messages"][0]["batch_id"]) == (1, result["batch_id"])
    assert (history["messages"][0]["group_name"], history["messages"][0]["num_credits"]) == ("Target 2", 2)


def test_template_send_merges_customers_as_they_are_now(account):
    """The client refreshes the customers at Textlocal every day."""
    account.context.customers.set_value(1, "FIRST_NAME", "Zoë", NINE)
    account.context.customers.set_value(1, "PHONENUMBER", "353851234567", NINE)
    group = group_of_customers(account, "C0000001")
    account.call("send", group_id=group, template_id=account.template(TEMPLATE))
    (sent,) = account.entries("delivery")
    assert (sent["number"], sent["text"]) == ("353851234567", "Hi Zoë")
