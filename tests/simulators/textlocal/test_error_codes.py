"""Every error code in the contract can be caused by a request."""

from datetime import datetime, timedelta, timezone

import pytest

from instants import NINE
from sendproof_simulators.core.http import Problem
from sendproof_simulators.services.textlocal import SIMULATOR

BOB, EVE = "447700900123", "447700900456"
NOON_IN_INDIA = int(datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))).timestamp() * 1000)
HI = {"numbers": BOB, "message": "Hi"}


def india(account):
    """Return the account as an Indian one at noon, with one approved text and one approved sender."""
    account.now = NOON_IN_INDIA
    account.set(sender_names=["SNDPRF"], default_sender="SNDPRF")
    account.template("Hi {{FIRST_NAME}}, welcome")
    return account


def problem_body(kind):
    """Return the response body for a request that reached no command, or no account."""
    return SIMULATOR.error(Problem(kind=kind, status=401, detail="")).body.decode()


# A refused call for each code, and the dialect options it needs.
REFUSED_CALLS = {
    0: ({}, lambda a: a.error_code("status_message", message_id=1)),
    1: ({}, lambda a: a.error_code("")),
    2: ({}, lambda a: 2 if '"code":2' in problem_body("not_found") else None),
    3: ({}, lambda a: 3 if '"code":3' in problem_body("unauthorized") else None),
    4: ({}, lambda a: a.error_code("send", message="Hi")),
    5: ({}, lambda a: a.error_code("send", numbers=BOB)),
    6: ({}, lambda a: a.error_code("send", numbers=BOB, message="x" * 766)),
    7: ({}, lambda a: a.set(credits=1) or a.error_code("send", numbers=f"{BOB},{EVE}", message="Hi")),
    8: ({}, lambda a: a.error_code("send", **HI, schedule_time="soon")),
    9: ({}, lambda a: a.error_code("send", **HI, schedule_time=NINE // 1000 - 1)),
    10: ({}, lambda a: a.error_code("send", group_id=7, message="Hi")),
    11: ({}, lambda a: a.error_code("send", group_id=5, message="Hi")),
    12: ({}, lambda a: a.error_code("create_group")),
    13: ({}, lambda a: a.error_code("create_group", name="x" * 256)),
    14: ({}, lambda a: a.call("create_group", name="x") and a.error_code("create_group", name="x")),
    15: ({}, lambda a: a.error_code("bulk_json", data="{")),
    25: ({}, lambda a: a.error_code("get_contacts")),
    32: ({}, lambda a: a.bulk({"number": "123", "text": "Hi"})["messages_not_sent"][0]["error"]["code"]),
    33: ({}, lambda a: a.error_code("send", numbers=",".join([BOB] * 10_001), message="Hi")),
    34: ({}, lambda a: a.error_code("send", **HI, group_id=5)),
    43: ({}, lambda a: a.error_code("send", **HI, sender="ab")),
    44: ({}, lambda a: a.set(default_sender="") or a.error_code("send", **HI)),
    51: ({}, lambda a: a.error_code("send", numbers="123", message="Hi")),
    55: ({}, lambda a: a.error_code("create_contacts")),
    56: ({}, lambda a: a.error_code("create_contacts", numbers="123")),
    61: ({}, lambda a: a.error_code("delete_contact", number=BOB)),
    62: ({}, lambda a: a.error_code("delete_group", group_id=5)),
    80: ({"variant": "india"}, lambda a: india(a).error_code("send", numbers=BOB, message="Hello Ann, welcome")),
    185: ({}, lambda a: a.error_code("create_shorturl")),
    186: ({}, lambda a: a.error_code("create_shorturl", url="example")),
    191: ({"schedule_limits": "limited"}, lambda a: a.error_code("send", **HI, schedule_time=NINE // 1000 + 60)),
    192: (
        {"variant": "india"},
        lambda a: india(a).error_code(
            "send", numbers=BOB, message="Hi Ann, welcome", schedule_time=NOON_IN_INDIA // 1000 + 9 * 3600
        ),
    ),
    202: ({}, lambda a: a.error_code("create_contacts_bulk", group_id=5, contacts='[{"number":"123"}]')),
}


def contract_codes(contract, kind):
    """Return the codes of a kind in the contract."""
    return [entry["code"] for entry in contract.document["x-codes"] if entry["kind"] == kind]


def test_every_code_of_contract_has_a_request(contract):
    assert list(REFUSED_CALLS) == contract_codes(contract, "error")


@pytest.mark.parametrize("code", REFUSED_CALLS)
def test_request_is_refused_with_its_code(account_with, code):
    """The contract has the source of each code."""
    dialects, call = REFUSED_CALLS[code]
    assert call(account_with(**dialects)) == code


def test_every_warning_of_contract_has_a_request(account, contract):
    """One has a code (documented: https://api.txtlocal.com/docs/otp_send)."""
    result = account.call("send", numbers=f"{BOB},123", message="Hi")
    assert [warning["code"] for warning in result["warnings"]] == contract_codes(contract, "warning")
