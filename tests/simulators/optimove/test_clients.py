"""Requests in the spellings and forms of published clients."""

from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest

from optimove_alone import Optimove, plan
from optimove_over_http import Client, Sandbox
from running import RunningSimulators

TEMPLATES = "/current/integrations/AddChannelTemplates?ChannelID=505"
METRICS = "/current/integrations/UpdateCampaignMetrics"
LISTENERS = "/current/general/GetRegisteredEventListeners"
REGISTER = "/current/general/RegisterEventListener"
EXACT = {"optimove.member_names": "exact"}
NO_NULLS = {"optimove.null_members": "refused"}


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """Return a new sandbox with its default dialects."""
    return Sandbox(simulators)


def post(sandbox: Sandbox, path: str, body: object) -> tuple[int, str]:
    """Return status and text of a call."""
    response = sandbox.client().call("POST", path, json=body)
    return response.status_code, response.text


# Members in any case.


@pytest.mark.parametrize("item", [{"TemplateId": 12, "TemplateName": "T"}, {"templateid": "12", "TEMPLATENAME": "T"}])
def test_template_in_another_spelling_is_added(sandbox: Sandbox, item: dict[str, object]) -> None:
    """The history has the spelling of the contract, so the judge needs to know no other."""
    assert post(sandbox, TEMPLATES.replace("ChannelID", "channelId"), [item]) == (200, "")
    (line,) = sandbox.journal("channel_templates")
    assert line["templates"] == [{"id": 12, "name": "T"}]
    assert [request["violations"] for request in sandbox.journal("request")] == [[]]


def test_nested_members_match_in_any_case(sandbox: Sandbox) -> None:
    attributes = [{"realFieldName": "FIRST_NAME", "value": "Ada"}]
    body = {"customerNewAttributesValuesList": [{"customerId": "C0000001", "attributes": attributes}]}
    response = sandbox.admin().call("POST", "/customers/UpdateCustomerAttributes", json=body)
    assert (response.status_code, list(response.json())) == (200, ["requestId"])


def test_missing_member_is_named_as_in_the_contract(sandbox: Sandbox) -> None:
    assert post(sandbox, TEMPLATES, [{"template_id": 12, "templatename": "T"}]) == (
        400,
        "TemplateID is missing in body.0",
    )


def test_exact_dialect_refuses_another_spelling(simulators: RunningSimulators) -> None:
    sandbox = Sandbox(simulators, dialects=EXACT)
    assert post(sandbox, TEMPLATES, [{"TemplateId": 12, "TemplateName": "T"}])[0] == 400
    assert post(sandbox, TEMPLATES, [{"TemplateID": 12, "TemplateName": "T"}])[0] == 200


def test_login_matches_members_in_any_case(simulators: RunningSimulators) -> None:
    sandbox = Sandbox(simulators, dialects={"optimove.password_login": "accepted"})
    known = sandbox.optimove["credentials"]
    body = {"userNAME": known["username"], "password": known["password"]}
    assert Client(sandbox.optimove["url"]).call("POST", "/General/Login/", json=body).status_code == 200


# Null.


def test_null_channel_registers_a_general_listener(sandbox: Sandbox) -> None:
    """Serialisers of .NET and Java write members without a value as null."""
    body = {"EventTypeID": 5, "ListenerURL": "http://127.0.0.1:9/a", "ChannelID": None}
    assert post(sandbox, REGISTER, body)[0] == 200
    assert sandbox.client().call("GET", LISTENERS).json() == [{"EventTypeID": 5, "ListenerURL": "http://127.0.0.1:9/a"}]


def test_null_of_a_required_member_is_refused(sandbox: Sandbox) -> None:
    assert post(sandbox, TEMPLATES, [{"TemplateID": None, "TemplateName": "T"}])[0] == 400


def test_dialect_refuses_null_except_where_the_documents_show_it(simulators: RunningSimulators) -> None:
    """The documented sample of a preference has AppID null."""
    sandbox = Sandbox(simulators, dialects=NO_NULLS)
    body = {"EventTypeID": 13, "ListenerURL": "http://127.0.0.1:9/a", "ChannelID": None}
    assert "ChannelID" in post(sandbox, REGISTER, body)[1]
    preference = {"ChannelID": 505, "CustomerIDs": ["C0000001"], "CommunicationMode": 2, "AppID": None}
    assert post(sandbox, "/integrations/SetCustomerChannelPreference", preference)[0] == 200


# Paths.


@pytest.mark.parametrize("prefix", ["/v3.0", "/V4.12", "/current", "", "/v3"])
@pytest.mark.parametrize("end", ["", "/"])
def test_path_is_served_with_every_prefix(sandbox: Sandbox, prefix: str, end: str) -> None:
    assert sandbox.client().call("GET", f"{prefix}/general/GetLastDataUpdate{end}").status_code == 200


def test_version_follows_the_number_of_the_host(sandbox: Sandbox) -> None:
    """PyPI optimove 1.0 was used on a host with a number."""
    key = sandbox.create_key(name="second")
    number = key["host"].removeprefix("api").partition(".")[0]
    client = sandbox.client(key["key"], f"/api{number}/v3.0")
    assert client.call("GET", "/customers/C0000001/Attributes").status_code == 200
    assert client.call("GET", "/general/GetLastDataUpdate").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/current/integrations/GetChannelTemplatesDetails?ChannelID=505",
        "/integrations/getchanneltemplatesdetails/?ChannelID=505",
        "/current/general/GetRegisterEventListener",
        "/current/general/GetRegisteredEventListener",
    ],
)
def test_alias_of_a_function_is_served(sandbox: Sandbox, path: str) -> None:
    """Optimove's list for third parties spells them so."""
    assert sandbox.client().call("GET", path).status_code == 200
    assert {line["operation"] for line in sandbox.journal("request")} <= {
        "GetChannelTemplateDetails",
        "GetRegisteredEventListeners",
    }


@pytest.mark.parametrize(("option", "status"), [("404", 404), ("405", 405)])
def test_unknown_path_has_the_status_of_the_dialect(simulators: RunningSimulators, option: str, status: int) -> None:
    sandbox = Sandbox(simulators, dialects={"optimove.unknown_path": option})
    assert sandbox.client().call("GET", "/current/general/GetLastDataUpdates").status_code == status
    (line,) = sandbox.journal("request")
    assert line["meant"] == "GetLastDataUpdate"


# Values.


@pytest.mark.parametrize(
    "encode", [quote_plus, quote, lambda url: quote(url, safe="!'()*~"), str], ids=["form", "path", "js", "raw"]
)
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/a,b",
        "http://127.0.0.1:9000/a@b;c!d(e)+f*g",
        "http://127.0.0.1:9000/a%20b#c",
        "http://127.0.0.1:9000?x=1&y=%2F",
        "http://localhost",
        "http://[::1]:9000/a",
    ],
)
def test_encoded_listener_is_the_same_as_a_raw_one(sandbox: Sandbox, url: str, encode: Any) -> None:
    """Clients encode the URL as one value, with the rules of their language."""
    assert post(sandbox, REGISTER, {"EventTypeID": 13, "ListenerURL": encode(url)}) == (200, "")
    assert sandbox.client().call("GET", LISTENERS).json()[0]["ListenerURL"] == url


@pytest.mark.parametrize(
    "url", ["ftp%3A%2F%2F127.0.0.1", "http%3A%2F%2F", "http%3A%2F%2Fa%40127.0.0.1", "http%3A%2F%2Fb%20c"]
)
def test_impossible_url_is_refused_in_encoded_form(sandbox: Sandbox, url: str) -> None:
    assert post(sandbox, REGISTER, {"EventTypeID": 13, "ListenerURL": url})[0] == 400


def test_byte_order_mark_before_a_body_is_ignored(sandbox: Sandbox) -> None:
    """.NET writes it by default."""
    body = b"\xef\xbb\xbf" + msgspec.json.encode([{"TemplateID": 1, "TemplateName": "T"}])
    headers = {"Content-Type": "application/json"}
    assert sandbox.client().call("POST", TEMPLATES, data=body, headers=headers).status_code == 200


# Older forms.


def changers(sandbox: Sandbox, **params: str) -> Any:
    """Return the customers with another city, in the older form."""
    path = "/customers/GetCustomerAttributeChangers?ChangedCustomerAttributes=city"
    return sandbox.client().call("GET", path, params=params)


def test_older_form_of_changers_compares_two_days(sandbox: Sandbox) -> None:
    """A missing value is the text NULL."""
    body = {"CustomerId": "new", "Attributes": [{"RealFieldName": "CITY", "Value": "Bath"}]}
    assert sandbox.admin().call("PUT", "/customers/UpsertCustomer", json=body).status_code == 200
    row = {"CustomerID": "new", "InitialCustomerAttributes": "NULL", "FinalCustomerAttributes": "Bath"}
    assert changers(sandbox, StartDate="2026-03-01", EndDate="2026-03-02").json() == [row]
    assert changers(sandbox, StartDate="2026-03-02").json() == changers(sandbox, EndDate="9999-12-31").json() == [row]
    assert changers(sandbox, StartDate="2026-03-01", EndDate="2026-03-01").json() == []
    assert list(changers(sandbox).json()[0]) == ["CustomerID", "InitialCustomerAttribute", "FinalCustomerAttribute"]


def test_impossible_day_is_refused(sandbox: Sandbox) -> None:
    response = changers(sandbox, StartDate="2026-03-01", EndDate="2026-02-30")
    assert (response.status_code, "EndDate" in response.text) == (400, True)


def test_actions_of_a_day_list_all_its_campaigns(optimove: Optimove) -> None:
    optimove.announce(plan(customers=2))
    optimove.announce(plan(7002, customers=2, first_customer=5))
    rows = optimove.read("GetCustomerOneTimeActionsByDate", Date="2026-03-02", CustomerAttributes="CITY")
    assert [row["CustomerID"] for row in rows] == ["C0000000", "C0000001", "C0000005", "C0000006"]
    assert set(rows[0]) == {"CustomerID", "RecipientGroupID", "ActionID", "ChannelID", "CustomerAttributes"}
    assert optimove.read("GetCustomerOneTimeActionsByDate", Date="2026-03-03") == []
    page = {"$skip": 1, "$top": 2}
    assert optimove.read("GetCustomerOneTimeActionsByDate", Date="2026-03-02", **page) == [
        {name: row[name] for name in row if name != "CustomerAttributes"} for row in rows[1:3]
    ]
