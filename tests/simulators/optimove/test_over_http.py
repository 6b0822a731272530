import pytest

from optimove_over_http import Client, Sandbox
from running import RunningSimulators

TEMPLATES = "/current/integrations/GetChannelTemplates"
ADD_TEMPLATES = "/current/integrations/AddChannelTemplates?ChannelID=505"
PAGE = "/customers/GetCustomerSendDetailsByChannel?ChannelID=505&CampaignID=7&%24top=10&$skip={}"
AUDIENCE = {"customers": 100, "opted_out": 0.1, "unusable_numbers": 0.1}
JSON = {"content-type": "application/json"}


@pytest.fixture
def client(simulators: RunningSimulators) -> Client:
    """Return a client of a new sandbox with a stopped clock."""
    return Sandbox(simulators).client()


@pytest.mark.parametrize(
    "path",
    [
        "/current/integrations/GetChannelTemplates?ChannelID=505",
        "/Integrations/GetChannelTemplates?ChannelId=505",
        "/CURRENT/integrations/getchanneltemplates?channelid=505",
        "/current/integrations/GetChannelTemplates/?ChannelID=505",
        "/integrations/getChannelTemplates/?ChannelID=505",
    ],
)
def test_path_matches_in_any_case_and_with_any_prefix(client: Client, path: str) -> None:
    """Real clients use all of these forms on one host."""
    response = client.call("GET", path)
    assert (response.status_code, response.json(), response.headers["content-type"]) == (200, [], "application/json")


@pytest.mark.parametrize("key", [None, "", "unknown"])
def test_missing_and_unknown_keys_get_the_same_response(client: Client, key: str | None) -> None:
    response = client.call("GET", TEMPLATES + "?ChannelID=505", headers={"X-API-KEY": key})
    assert (response.status_code, response.text) == (401, '"Unauthorized"')


def test_wrong_method_gets_405_with_allow_header(client: Client) -> None:
    response = client.call("PUT", TEMPLATES + "?ChannelID=505")
    assert (response.status_code, response.text, response.headers["allow"]) == (405, '"Method Not Allowed"', "GET")


def test_missing_parameter_is_named_in_plain_text(client: Client) -> None:
    response = client.call("GET", TEMPLATES)
    assert (response.status_code, response.text) == (400, "ChannelID is missing")
    assert response.headers["content-type"].startswith("text/plain")


def test_body_of_another_content_type_is_refused(client: Client) -> None:
    """The real service also requires JSON, according to its staff (quoted by the author of a client)."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.call("POST", ADD_TEMPLATES, data="[]", headers=headers).status_code == 415


def test_body_beyond_8_mb_is_refused(client: Client) -> None:
    """The simulator refuses it without reading the whole body."""
    response = client.call("POST", ADD_TEMPLATES, data=b" " * (8 * 1024 * 1024 + 1))
    assert response.status_code == 413


def test_body_of_8_mb_is_accepted(client: Client) -> None:
    text = b'[{"TemplateID":1,"TemplateName":"A"}]'
    body = text + b" " * (8 * 1024 * 1024 - len(text))
    assert client.call("POST", ADD_TEMPLATES, data=body, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}}", b'[{"TemplateID":1,"TemplateName":"\xff"}]', b"\xff\xfe[]", b"NaN"]
)
def test_invalid_json_is_refused_and_changes_nothing(client: Client, body: bytes) -> None:
    """Some of the bodies are broken, and some are not in UTF-8."""
    assert client.call("POST", ADD_TEMPLATES, data=body, headers=JSON).status_code == 400
    assert client.call("GET", TEMPLATES + "?ChannelID=505").json() == []


def test_51st_request_within_10_seconds_is_rate_limited(client: Client) -> None:
    responses = [client.call("GET", TEMPLATES + "?ChannelID=505") for _ in range(51)]
    assert [response.status_code for response in responses] == [200] * 50 + [429]
    assert responses[-1].json()["error"] == "Too Many Requests"


def test_added_template_can_be_read(client: Client) -> None:
    template = {"TemplateID": 1, "TemplateName": "Łódź"}
    added = client.call("POST", ADD_TEMPLATES, json=[template])
    assert (added.status_code, added.content) == (200, b"")
    assert client.call("GET", TEMPLATES + "?ChannelID=505").json() == [template]


def test_campaign_is_read_page_by_page(simulators: RunningSimulators) -> None:
    """Template, plan, rows and history have to fit together."""
    sandbox = Sandbox(simulators, audience=AUDIENCE)
    client = sandbox.client()
    template = {"id": 14, "title": "Hello", "body": "Dear {{FIRST_NAME}}"}
    sandbox.control("POST", "/providers/textlocal/templates", [template])
    client.call("POST", ADD_TEMPLATES, json=[{"TemplateID": 14, "TemplateName": "Hello"}])
    splits = [{"share": 1, "template": "Hello", "send_at": "2030-01-01T09:00:00Z"}]
    sandbox.control("POST", "/campaigns", {"campaign": 7, "channel": 505, "customers": 25, "splits": splits})
    sandbox.wait(1_000)
    rows = [row for skip in (0, 10, 20, 30) for row in client.call("GET", PAGE.format(skip)).json()]
    assert [row["CustomerID"] for row in rows] == [f"C{index:07d}" for index in range(25)]
    assert {(row["TemplateID"], row["ScheduledTime"]) for row in rows} == {(14, "2030-01-01 09:00:00")}
    history = simulators.history(sandbox.made["sandbox"])
    customers = [line["customer"] for line in history if line["kind"] == "obligation"]
    assert customers == [row["CustomerID"] for row in rows]
    assert [line["summary"]["rows"] for line in history if "summary" in line] == [10, 10, 5, 0]
