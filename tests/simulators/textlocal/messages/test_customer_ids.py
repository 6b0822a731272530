"""Groups of customer ids: daily imports, unknown customers, and what the responses say. assumed, after the brochure."""

import asyncio

import pytest

from instants import NINE
from sendproof_simulators.services.textlocal import SIMULATOR

DAY = 24 * 3600 * 1000
JOINED = {"C0000003": "2026-03-03"}


@pytest.fixture
def account(account_with):
    """Return an account whose client imports its customers at 4:00; customer 3 joins on the day after NINE."""
    account = account_with(template_send="brochure")
    account.set(customer_import={"at": "04:00", "first_known": JOINED})
    return account


def group_of(account, *ids):
    """Return the id of a new group with these customers."""
    group = account.call("create_group", name=f"Target {account.now}")["group"]["id"]
    account.call("create_contacts", numbers=",".join(ids), group_id=group)
    return group


def reachable(account, count):
    """Return the first customers with a usable number."""
    return [customer for customer in account.context.audience.customers(0, 100) if customer.number][:count]


def test_unknown_customers_are_named_and_left_out(account):
    """A bridge must count them as dropped, so it has to learn which they are."""
    group = account.call("create_group", name="Target")["group"]["id"]
    result = account.call("create_contacts", numbers="C0000001,C0000003,C0000999", group_id=group)
    assert result["num_contacts"] == 1
    assert [(row["code"], row["numbers"]) for row in result["warnings"]] == [(3, "C0000003,C0000999")]


def test_customer_is_known_from_the_import_of_the_first_day(account):
    account.now = NINE + DAY - 5 * 3600 * 1000 - 1
    assert account.error_code("create_contacts", numbers="C0000003") == 56
    account.now += 1
    assert account.call("create_contacts", numbers="C0000003")["num_contacts"] == 1


def test_send_and_status_name_each_customer(account):
    """Optimove stores no numbers, so the recipient alone would tell it nothing."""
    first, second = reachable(account, 2)
    result = account.call("send", group_id=group_of(account, first.id, second.id), template_id=account.template("Hi"))
    named = [(row["recipient"], row["customer"]) for row in result["messages"]]
    assert named == [(int(first.number), first.id), (int(second.number), second.id)]
    status = account.call("status_batch", batch_id=result["batch_id"])
    assert [row["customer"] for row in status["messages"]] == [first.id, second.id]


def test_customer_without_usable_number_is_named_by_id_in_the_warning(account_with):
    account = account_with(template_send="brochure", unusable=0.3)
    unusable = next(customer for customer in account.context.audience.customers(0, 100) if customer.number is None)
    group = group_of(account, reachable(account, 1)[0].id, unusable.id)
    result = account.call("send", group_id=group, template_id=account.template("Hi"))
    assert [row["numbers"] for row in result["warnings"]] == [unusable.id]


def test_journal_names_group_template_and_time_of_a_template_send(account):
    group, template = group_of(account, reachable(account, 1)[0].id), account.template("Hi")
    account.call("send", group_id=group, template_id=template, schedule_time=NINE // 1000 + 60, sender="Shop")
    facts = {name: account.last.summary[name] for name in ("group_id", "template_id", "schedule_time", "sender")}
    assert facts == {"group_id": group, "template_id": template, "schedule_time": NINE // 1000 + 60, "sender": "Shop"}


def test_contact_with_customer_id_in_first_custom_field_is_known(account):
    """The client may import its customers by the API, with their ids in a field of its own."""
    contact = '[{"number":"447700900123","first_name":"Zoe","custom1":"VIP-1"}]'
    account.call("create_contacts_bulk", group_id=5, contacts=contact)
    result = account.call(
        "send", group_id=group_of(account, "VIP-1"), template_id=account.template("Hi {{first_name}}")
    )
    assert result["message"]["content"] == "Hi Zoe"
    assert [(row["recipient"], row["customer"]) for row in result["messages"]] == [(447700900123, "VIP-1")]


def test_deleted_contact_is_unknown(account):
    contact = '[{"number":"447700900123","custom1":"VIP-1"}]'
    account.call("create_contacts_bulk", group_id=5, contacts=contact)
    account.call("delete_contact", group_id=5, number="447700900123")
    assert account.error_code("create_contacts", numbers="VIP-1") == 56


def test_contact_does_not_replace_customer_of_the_import(account):
    """Otherwise a bridge could change what is expected of it."""
    customer = reachable(account, 1)[0]
    account.call(
        "create_contacts_bulk", group_id=5, contacts=f'[{{"number":"447700900123","custom1":"{customer.id}"}}]'
    )
    result = account.call("send", group_id=group_of(account, customer.id), template_id=account.template("Hi"))
    assert [row["recipient"] for row in result["messages"]] == [int(customer.number)]


@pytest.mark.parametrize("wrong", [{"at": "4:00"}, {"first_known": {"C0000001": "2026-02-30"}}, {"first_known": 3}])
def test_invalid_import_is_refused(account, wrong):
    with pytest.raises(ValueError, match=r"[Ee]xpected"):
        account.set(customer_import=wrong)


def preview(account, **arguments):
    """Return the preview of a template."""
    return asyncio.run(SIMULATOR.preview(account.context, account.state, account.now, arguments))


def test_preview_shows_template_with_its_translations(account):
    english, german = account.template("Hi {{FIRST_NAME}}"), account.template("Hallo {{FIRST_NAME}}", "Angebot")
    account.set(translations={str(english): {"field": "LANGUAGE", "templates": {"de": german}}})
    shown = preview(account, template=english)
    assert (shown["text"].split()[0], shown["translations"]["de"].split()[0]) == ("Hi", "Hallo")
    assert shown["sender"] == "TXTLCL"


def test_preview_for_a_customer_is_the_text_that_is_sent(account):
    customer, template = reachable(account, 1)[0], account.template("Hi {{FIRST_NAME}}")
    shown = preview(account, template=template, customer=customer.id)
    account.call("send", group_id=group_of(account, customer.id), template_id=template)
    assert shown["text"] == account.entries("delivery")[0]["text"]


@pytest.mark.parametrize("wrong", [{}, {"template": 1}, {"template": "x"}, {"template": []}])
def test_preview_of_unknown_template_is_refused(account, wrong):
    with pytest.raises(ValueError, match="expected an object with the id of a template"):
        preview(account, **wrong)


def test_preview_for_unknown_customer_is_refused(account):
    with pytest.raises(ValueError, match="expected the id of an imported customer"):
        preview(account, template=account.template("Hi"), customer="C0000003")
