from dataclasses import dataclass
from typing import Any

import pytest
import requests

from running import RunningSimulators

TEMPLATES = "/current/integrations/GetChannelTemplates"
ADD = "/current/integrations/AddChannelTemplates"
PAGE = "/customers/GetCustomerSendDetailsByChannel?ChannelID=505&CampaignID=7&%24top=10&$skip={}"
AUDIENCE = {"customers": 100, "opted_out": 0.1, "unusable_numbers": 0.1}


@dataclass(frozen=True)
class Client:
    """A bridge of one sandbox, with nothing but requests."""

    url: str
    key: str

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request with the sandbox's key."""
        headers = {"X-API-KEY": self.key} | more.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=20, **more)


@pytest.fixture
def client(simulators: RunningSimulators) -> Client:
    """A bridge of a fresh sandbox whose clock stands still."""
    made = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": {"mode": "virtual"}})
    service = made["services"]["optimove"]
    return Client(service["url"], service["credentials"]["api_key"])


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
def test_spelling_and_prefix_do_not_matter(client: Client, path: str) -> None:
    """Real clients use all of these on one host."""
    response = client.call("GET", path)
    assert (response.status_code, response.json(), response.headers["content-type"]) == (200, [], "application/json")


@pytest.mark.parametrize("key", [None, "", "nobody's"])
def test_without_a_known_key_nothing_is_answered(client: Client, key: str | None) -> None:
    """A missing key and an unknown one look the same."""
    response = client.call("GET", TEMPLATES + "?ChannelID=505", headers={"X-API-KEY": key})
    assert (response.status_code, response.text) == (401, '"Unauthorized"')


def test_another_verb_is_told_the_right_one(client: Client) -> None:
    """In the Allow header."""
    response = client.call("PUT", TEMPLATES + "?ChannelID=505")
    assert (response.status_code, response.text, response.headers["allow"]) == (405, '"Method Not Allowed"', "GET")


def test_a_missing_parameter_is_named(client: Client) -> None:
    """In plain text."""
    response = client.call("GET", TEMPLATES)
    assert (response.status_code, response.text) == (400, "ChannelID is missing")
    assert response.headers["content-type"].startswith("text/plain")


def test_bodies_must_be_sent_as_json(client: Client) -> None:
    """The real service insists on it too, as staff told one author."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.call("POST", ADD + "?ChannelID=505", data="[]", headers=headers).status_code == 415


def test_bodies_beyond_the_limit_are_refused(client: Client) -> None:
    """Without being read to their end."""
    response = client.call("POST", ADD + "?ChannelID=505", data=b" " * (8 * 1024 * 1024 + 1))
    assert response.status_code == 413


def test_a_body_as_large_as_the_limit_is_read(client: Client) -> None:
    """8 MB of it."""
    text = b'[{"TemplateID":1,"TemplateName":"A"}]'
    response = client.call(
        "POST",
        ADD + "?ChannelID=505",
        data=text + b" " * (8 * 1024 * 1024 - len(text)),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}}", b'[{"TemplateID":1,"TemplateName":"\xff"}]', b"\xff\xfe[]", b"NaN"]
)
def test_what_is_no_json_is_refused(client: Client, body: bytes) -> None:
    """Broken, or not in UTF-8; nothing of it is taken in."""
    headers = {"content-type": "application/json"}
    assert client.call("POST", ADD + "?ChannelID=505", data=body, headers=headers).status_code == 400
    assert client.call("GET", TEMPLATES + "?ChannelID=505").json() == []


def test_the_51st_request_within_ten_seconds_is_too_many(client: Client) -> None:
    """50 are served; the clock of this sandbox stands still."""
    replies = [client.call("GET", TEMPLATES + "?ChannelID=505") for _ in range(51)]
    assert [response.status_code for response in replies] == [200] * 50 + [429]
    assert replies[-1].json()["error"] == "Too Many Requests"


def test_what_is_added_can_be_read(client: Client) -> None:
    """Over the wire, with an empty body for an answer."""
    added = client.call("POST", ADD + "?ChannelID=505", json=[{"TemplateID": 1, "TemplateName": "Łódź"}])
    assert (added.status_code, added.content) == (200, b"")
    assert client.call("GET", TEMPLATES + "?ChannelID=505").json() == [{"TemplateID": 1, "TemplateName": "Łódź"}]


def test_a_campaign_is_read_page_by_page(simulators: RunningSimulators) -> None:
    """From template and plan to the rows, and to what the history keeps of it."""
    made = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": {"mode": "virtual"}, "audience": AUDIENCE})
    sandbox, optimove = f"/sandboxes/{made['sandbox']}", made["services"]["optimove"]
    client = Client(optimove["url"], optimove["credentials"]["api_key"])
    held = {"id": 14, "title": "Hello", "body": "Dear {{FIRST_NAME}}"}
    simulators.call("POST", sandbox + "/providers/textlocal/templates", [held])
    client.call("POST", ADD + "?ChannelID=505", json=[{"TemplateID": 14, "TemplateName": "Hello"}])
    splits = [{"share": 1, "template": "Hello", "send_at": "2030-01-01T09:00:00Z"}]
    simulators.call("POST", sandbox + "/campaigns", {"campaign": 7, "channel": 505, "customers": 25, "splits": splits})
    simulators.call("POST", sandbox + "/clock/advance", {"by_ms": 1_000})
    rows = [row for skip in (0, 10, 20, 30) for row in client.call("GET", PAGE.format(skip)).json()]
    assert [row["CustomerID"] for row in rows] == [f"C{index:07d}" for index in range(25)]
    assert {(row["TemplateID"], row["ScheduledTime"]) for row in rows} == {(14, "2030-01-01 09:00:00")}
    history = simulators.history(made["sandbox"])
    assert [line["customer"] for line in history if line["kind"] == "obligation"] == [r["CustomerID"] for r in rows]
    assert [line["summary"]["rows"] for line in history if "summary" in line] == [10, 10, 5, 0]
