"""Groups, contacts and opt-outs."""

import msgspec
import pytest

from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.services.textlocal.account.contacts import Contacts

BOB, EVE = "447700900123", "447700900456"


def test_new_account_lists_no_group(account):
    """observed: tests of clients against the live service."""
    assert account.call("get_groups") == {"num_groups": 0, "groups": [], "status": "success"}


def test_default_groups_can_be_used_without_being_listed(account):
    """Group 5 has the contacts, and group 6 the audience's opted-out numbers."""
    opted_out = [number for _, number in account.context.audience.provider_opt_outs()]
    sizes = [account.call("get_contacts", group_id=group)["num_contacts"] for group in (5, 6)]
    assert sizes == [0, len(opted_out)]
    assert [row["number"] for row in account.call("get_optouts")["optouts"]] == list(map(int, opted_out))
    assert len(opted_out) > 3


def test_opt_outs_are_computed_on_first_use(account):
    """An audience may have a million customers."""
    computations = []
    contacts = Contacts(account.context.random, OptOuts("textlocal", lambda: computations.append(1) or [("Bob", BOB)]))
    contacts.create("Friends")
    assert computations == []
    assert list(contacts.members(6)) == [BOB]
    assert computations == [1]


def test_group_can_be_created_filled_and_deleted(account):
    group = account.call("create_group", name="Friends")["group"]
    assert group["name"] == "Friends"
    account.call("create_contacts", numbers=f"{BOB},{EVE}", group_id=group["id"])
    assert account.call("get_groups")["groups"][-1] == {**group, "size": 2}
    assert account.call("delete_group", group_id=group["id"]) == {"status": "success"}
    assert account.error_code("get_contacts", group_id=group["id"]) == 10


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
def test_invalid_command_is_refused_with_its_code(account, code, command, fields):
    """The codes are those that clients know."""
    assert account.error_code(command, **fields) == code


def test_group_name_of_maximum_length_is_accepted(account):
    """The maximum is assumed."""
    assert account.call("create_group", name="x" * 50)["status"] == "success"


def test_contacts_are_paged_and_found_by_number(account):
    """`num_contacts` counts all matches, not those on the page."""
    account.call("create_contacts", numbers=f"{BOB},{EVE}")
    page = account.call("get_contacts", group_id=5, start=1, limit=1)
    assert (page["num_contacts"], [row["number"] for row in page["contacts"]]) == (2, [int(EVE)])
    found = account.call("get_contacts", group_id=5, number="+" + BOB)
    assert [row["number"] for row in found["contacts"]] == [int(BOB)]
    assert account.call("get_contacts", group_id=5, number="447700900789")["contacts"] == []


def test_contact_keeps_names_and_custom_values(account):
    """A custom value can contain the customer's id."""
    contacts = msgspec.json.encode([{"number": int(BOB), "first_name": "Bob", "custom1": "C0000042"}]).decode()
    result = account.call("create_contacts_bulk", contacts=contacts)
    (row,) = result["contacts"]
    assert (result["group_id"], result["num_contacts"]) == (5, 1)
    assert row == {
        "number": int(BOB), "first_name": "Bob", "last_name": "", "custom1": "C0000042", "custom2": "", "custom3": ""
    }  # fmt: skip
    assert account.call("get_contacts", group_id=5)["contacts"] == [row]


def test_contacts_may_be_percent_encoded_twice(account):
    """The vendor's own class does that."""
    result = account.call(
        "create_contacts_bulk", contacts="%5B%7B%22number%22%3A447700900123%2C%22last_name%22%3A%22De+Vil%22%7D%5D"
    )
    assert result["contacts"][0]["last_name"] == "De Vil"


def test_more_than_1500_bulk_contacts_or_15000_numbers_are_refused(account):
    numbers = [447_700_000_000 + index for index in range(15_001)]
    rows = [{"number": number} for number in numbers]
    assert (
        account.call("create_contacts_bulk", contacts=msgspec.json.encode(rows[:1_500]).decode())["num_contacts"]
        == 1_500
    )
    assert account.error_code("create_contacts_bulk", contacts=msgspec.json.encode(rows[:1_501]).decode()) == 33
    assert account.call("create_contacts", numbers=",".join(map(str, numbers[:15_000])))["num_contacts"] == 15_000
    assert account.error_code("create_contacts", numbers=",".join(map(str, numbers))) == 33


def test_invalid_and_repeated_numbers_are_left_out_with_warning(account):
    result = account.call("create_contacts", numbers=f"{BOB},12345,{BOB}")
    assert result["num_contacts"] == 1
    assert result["warnings"] == [{"code": 3, "message": "Invalid number", "numbers": f"12345,{BOB}"}]


def test_opt_out_is_journalled_once_and_applies_immediately(account):
    """A send with `optouts` leaves out the numbers in group 6."""
    account.call("create_contacts", numbers=BOB, group_id=6)
    assert account.entries("opt_out") == [{"service": "textlocal", "number": BOB, "source": "create_contacts"}]
    account.call("create_contacts", numbers=BOB, group_id=6)
    assert account.entries("opt_out") == []
    assert account.error_code("send", numbers=BOB, message="Hi", optouts="true") == 51


def test_deleted_contact_cannot_be_deleted_again(account):
    """The default group is that of the contacts."""
    account.call("create_contacts", numbers=BOB)
    assert account.call("delete_contact", number=BOB) == {"group_id": 5, "number": int(BOB), "status": "success"}
    assert account.error_code("delete_contact", number=BOB) == 61
