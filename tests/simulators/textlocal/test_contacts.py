"""Groups, contacts and opt-outs."""

import msgspec
import pytest

from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.services.textlocal.account.contacts import Contacts

BOB, EVE = "447700900123", "447700900456"


def test_every_account_has_contacts_and_opt_outs(account):
    """Group 6 holds the audience's opted-out numbers."""
    opted_out = list(account.context.audience.opt_outs())
    said = account.call("get_groups")
    assert said["num_groups"] == 2
    assert [(group["id"], group["size"]) for group in said["groups"]] == [(5, 0), (6, len(opted_out))]
    assert [row["number"] for row in account.call("get_optouts")["optouts"]] == list(map(int, opted_out))
    assert len(opted_out) > 3


def test_opt_outs_are_not_computed_before_somebody_asks(account):
    """An audience may have a million customers."""
    asked = []
    contacts = Contacts(account.context.random, OptOuts("textlocal", lambda: asked.append(1) or [BOB]))
    contacts.create("Friends")
    assert asked == []
    assert list(contacts.members(6)) == [BOB]
    assert asked == [1]


def test_a_group_is_made_filled_and_deleted(account):
    """Its id stays the same for the same name, whatever else is made."""
    group = account.call("create_group", name="Friends")["group"]
    assert group["name"] == "Friends"
    account.call("create_contacts", numbers=f"{BOB},{EVE}", group_id=group["id"])
    assert account.call("get_groups")["groups"][-1] == {**group, "size": 2}
    assert account.call("delete_group", group_id=group["id"]) == {"status": "success"}
    assert account.code("get_contacts", group_id=group["id"]) == 10


@pytest.mark.parametrize(
    ("code", "command", "fields"),
    [
        (12, "create_group", {}),
        (13, "create_group", {"name": "x" * 51}),
        (14, "create_group", {"name": "Contacts"}),
        (25, "delete_group", {}),
        (10, "delete_group", {"group_id": 77}),
        (62, "delete_group", {"group_id": 5}),
        (62, "delete_group", {"group_id": 6}),
        (25, "get_contacts", {}),
        (10, "get_contacts", {"group_id": 77}),
        (0, "get_contacts", {"group_id": 5, "limit": 0}),
        (0, "get_contacts", {"group_id": 5, "start": -1}),
        (55, "create_contacts", {}),
        (55, "create_contacts", {"numbers": ","}),
        (56, "create_contacts", {"numbers": "12345"}),
        (10, "create_contacts", {"numbers": BOB, "group_id": 77}),
        (15, "create_contacts_bulk", {}),
        (15, "create_contacts_bulk", {"contacts": "[{"}),
        (15, "create_contacts_bulk", {"contacts": '{"number":1}'}),
        (202, "create_contacts_bulk", {"contacts": '[{"number":"12345"}]'}),
        (202, "create_contacts_bulk", {"contacts": "[]"}),
        (55, "delete_contact", {}),
        (61, "delete_contact", {"number": BOB}),
        (61, "delete_contact", {"number": "12345"}),
    ],
)
def test_each_refusal_has_its_code(account, code, command, fields):
    """As the clients know them."""
    assert account.code(command, **fields) == code


def test_the_longest_name_passes(account):
    """How long a name may be is assumed."""
    assert account.call("create_group", name="x" * 50)["status"] == "success"


def test_contacts_are_paged_and_found_by_number(account):
    """`num_contacts` counts all that match."""
    account.call("create_contacts", numbers=f"{BOB},{EVE}")
    page = account.call("get_contacts", group_id=5, start=1, limit=1)
    assert (page["num_contacts"], [row["number"] for row in page["contacts"]]) == (2, [int(EVE)])
    found = account.call("get_contacts", group_id=5, number="+" + BOB)
    assert [row["number"] for row in found["contacts"]] == [int(BOB)]
    assert account.call("get_contacts", group_id=5, number="447700900789")["contacts"] == []


def test_contacts_keep_their_names_and_custom_values(account):
    """The customer's id can travel in one of them."""
    contacts = msgspec.json.encode([{"number": int(BOB), "first_name": "Bob", "custom1": "C0000042"}]).decode()
    said = account.call("create_contacts_bulk", contacts=contacts)
    (row,) = said["contacts"]
    assert (said["group_id"], said["num_contacts"]) == (5, 1)
    assert row == {
        "number": int(BOB), "first_name": "Bob", "last_name": "", "custom1": "C0000042", "custom2": "", "custom3": ""
    }  # fmt: skip
    assert account.call("get_contacts", group_id=5)["contacts"] == [row]


def test_contacts_may_be_percent_encoded_once_more(account):
    """The vendor's own class does that."""
    said = account.call(
        "create_contacts_bulk", contacts="%5B%7B%22number%22%3A447700900123%2C%22last_name%22%3A%22De+Vil%22%7D%5D"
    )
    assert said["contacts"][0]["last_name"] == "De Vil"


def test_1500_contacts_a_bulk_call_and_15000_numbers_are_the_most(account):
    """One more of either is refused."""
    numbers = [447_700_000_000 + place for place in range(15_001)]
    rows = [{"number": number} for number in numbers]
    assert (
        account.call("create_contacts_bulk", contacts=msgspec.json.encode(rows[:1_500]).decode())["num_contacts"]
        == 1_500
    )
    assert account.code("create_contacts_bulk", contacts=msgspec.json.encode(rows[:1_501]).decode()) == 33
    assert account.call("create_contacts", numbers=",".join(map(str, numbers[:15_000])))["num_contacts"] == 15_000
    assert account.code("create_contacts", numbers=",".join(map(str, numbers))) == 33


def test_invalid_and_repeated_numbers_are_left_out_with_a_warning(account):
    """While one remains."""
    said = account.call("create_contacts", numbers=f"{BOB},12345,{BOB}")
    assert said["num_contacts"] == 1
    assert said["warnings"] == [{"code": 3, "message": "Invalid number", "numbers": f"12345,{BOB}"}]


def test_an_opt_out_is_news_and_counts_at_once(account):
    """Whoever is put into group 6 is left out of what is sent with `optouts`."""
    account.call("create_contacts", numbers=BOB, group_id=6)
    assert account.entries("opt_out") == [{"service": "textlocal", "number": BOB, "source": "create_contacts"}]
    account.call("create_contacts", numbers=BOB, group_id=6)
    assert account.entries("opt_out") == []
    assert account.code("send", numbers=BOB, message="Hi", optouts="true") == 51


def test_a_contact_is_deleted_for_good(account):
    """By number, from the contacts unless told otherwise."""
    account.call("create_contacts", numbers=BOB)
    assert account.call("delete_contact", number=BOB) == {"group_id": 5, "number": int(BOB), "status": "success"}
    assert account.code("delete_contact", number=BOB) == 61
