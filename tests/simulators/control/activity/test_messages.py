"""The list of messages, and one message with its states and receipts, at each provider."""

from typing import Any

import pytest
import requests

from running import RunningSimulators
from sandbox_by_hand import SandboxByHand, sandbox_by_hand

MINUTE, DAY = 60_000, 86_400_000
NUMBER = "447123456789"
# A number for each provider: Delivyr only sends to the United States and Canada.
NUMBERS = {"textlocal": NUMBER, "delivyr": "12125650100", "xtremepush": NUMBER}
CHANNELS = [
    {"id": 505, "provider": "textlocal"},
    {"id": 506, "provider": "delivyr"},
    {"id": 507, "provider": "xtremepush"},
]


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> SandboxByHand:
    """Create a sandbox with a channel of each provider."""
    return sandbox_by_hand(simulators, channels=CHANNELS)


def messages(box: SandboxByHand, query: str = "") -> list[dict[str, Any]]:
    """Return the listed messages."""
    items: list[dict[str, Any]] = box.call("GET", f"/messages?{query}")["items"]
    return items


def send_with_delivyr(box: SandboxByHand, number: str) -> None:
    """Send the text of a template with Delivyr."""
    (template,) = box.call("POST", "/providers/delivyr/templates", [{"title": "Sale", "body": "Spring is here"}])
    service = box.made["services"]["delivyr"]
    credentials = service["credentials"]
    headers = {"x-api-key": credentials["api_key"], "x-account-id": credentials["account_id"]}
    body = {"template_id": template["id"], "phone_number": f"+{number}", "variables": {}}
    assert requests.post(f"{service['url']}/partner/customer_io/send_sms", json=body, headers=headers, timeout=60).ok


def send_with_xtremepush(box: SandboxByHand, customer: str, number: str) -> None:
    """Import a customer, and send a text to it with Xtremepush."""
    service = box.made["services"]["xtremepush"]
    token = {"apptoken": service["credentials"]["apptoken"]}
    columns, rows = ["user_id", "mobile_number", "sms_subscription"], [[customer, number, 1]]
    profile = {**token, "columns": columns, "rows": rows}
    assert requests.post(f"{service['url']}/api/external/import/profile", json=profile, timeout=60).ok
    (template,) = box.call("POST", "/providers/xtremepush/templates", [{"title": "Sale", "body": "Spring is here"}])
    body = {**token, "id": template["id"], "target_by": "user_id", "target": [customer]}
    assert requests.post(f"{service['url']}/api/external/execute/campaign", json=body, timeout=60).ok


def test_message_has_text_parts_and_encoding(sandbox: SandboxByHand) -> None:
    sandbox.textlocal(NUMBER, "x" * 161, sender="Acme")
    sandbox.textlocal(NUMBER, "Grüße 🎁", unicode="true")
    unicode, long = messages(sandbox)
    assert (long["text"], long["sender"], long["parts"], long["encoding"]) == ("x" * 161, "Acme", 2, "gsm")
    assert (unicode["parts"], unicode["encoding"]) == (1, "ucs2")


def test_state_is_what_the_provider_knows(sandbox: SandboxByHand) -> None:
    sandbox.textlocal(NUMBER, "Now")
    sandbox.textlocal(NUMBER, "Test", test="true")
    later = sandbox.textlocal(NUMBER, "Later", schedule_time="1772542800")
    sandbox.advance(2 * DAY - 12 * 3_600_000)
    states = {item["text"]: item["state"] for item in messages(sandbox)}
    assert (states["Test"], states["Now"] in {"delivered", "undelivered", "invalid"}) == ("test", True)
    assert [state["state"] for state in sandbox.call("GET", f"/messages/textlocal/{later[0]}")["states"]][:2] == [
        "scheduled",
        "pending",
    ]


@pytest.mark.parametrize("provider", ["textlocal", "delivyr", "xtremepush"])
def test_each_provider_says_how_a_message_ended(sandbox: SandboxByHand, provider: str) -> None:
    """The list, the message and the journal agree."""
    if provider == "textlocal":
        sandbox.textlocal(NUMBER, "Spring is here")
    elif provider == "delivyr":
        send_with_delivyr(sandbox, NUMBERS[provider])
    else:
        send_with_xtremepush(sandbox, "C0000001", NUMBER)
    sandbox.advance(1)
    assert [item["state"] for item in messages(sandbox, f"provider={provider}")] == ["pending"]
    sandbox.advance(3 * DAY)
    (item,) = messages(sandbox, f"provider={provider}")
    message = sandbox.call("GET", f"/messages/{provider}/{item['id']}")
    assert (item["text"], item["parts"], item["number"]) == ("Spring is here", 1, NUMBERS[provider])
    assert [state["state"] for state in message["states"]] == ["pending", item["state"]]
    assert {name: message[name] for name in item} == item


def test_message_belongs_to_the_campaign_that_owes_its_text(sandbox: SandboxByHand) -> None:
    sandbox.schedule(7001, customers=100)
    sandbox.advance(MINUTE)
    customer = sandbox.call("GET", "/customers/C0000042")
    sandbox.textlocal(customer["number"], f"Hello {customer['attributes']['FIRST_NAME']}")
    sandbox.textlocal(NUMBER, "To a stranger")
    stranger, known = messages(sandbox)
    assert (known["campaign"], known["channel"], known["customer"]) == (7001, 505, "C0000042")
    assert (stranger["campaign"], stranger["customer"]) == (None, None)


def test_message_belongs_to_a_campaign_that_was_scheduled_later(sandbox: SandboxByHand) -> None:
    """What is remembered about recipients is forgotten when customers are due anything else."""
    customer = sandbox.call("GET", "/customers/C0000042")
    sandbox.textlocal(customer["number"], f"Hello {customer['attributes']['FIRST_NAME']}")
    before = [item["campaign"] for item in messages(sandbox)]
    sandbox.schedule(7001, customers=100)
    assert (before, [item["campaign"] for item in messages(sandbox)]) == ([None], [7001])


def test_send_time_without_its_fraction_belongs_to_the_later_campaign(sandbox: SandboxByHand) -> None:
    """Providers accept whole seconds, so the message of 10:00:00.097 goes out at 10:00:00."""
    sandbox.schedule(7001, customers=100)
    sandbox.schedule(7002, customers=100, send_at="2026-03-02T10:00:00.097Z")
    customer = sandbox.call("GET", "/customers/C0000042")
    text = f"Hello {customer['attributes']['FIRST_NAME']}"
    sandbox.textlocal(customer["number"], text, schedule_time="1772445600")
    assert [item["campaign"] for item in messages(sandbox)] == [7002]


def test_text_that_two_campaigns_may_have_caused_belongs_to_neither(sandbox: SandboxByHand) -> None:
    """A wrong text must not be shown as that of the wrong campaign."""
    sandbox.schedule(7001, customers=100)
    sandbox.schedule(7002, customers=100)
    number = sandbox.call("GET", "/customers/C0000042")["number"]
    sandbox.textlocal(number, "Something else")
    (item,) = messages(sandbox)
    assert (item["campaign"], item["customer"]) == (None, "C0000042")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("number=%2B44%207123", 2),
        ("number=4470", 0),
        ("text=SECOND", 1),
        ("state=delivered", 0),
        ("state=pending", 2),
        ("campaign=7001", 0),
        ("customer=C0000042", 0),
        ("provider=delivyr", 0),
        ("limit=1", 1),
        ("before=4", 1),
    ],
)
def test_filter_selects_messages(sandbox: SandboxByHand, query: str, expected: int) -> None:
    sandbox.textlocal(NUMBER, "The first")
    sandbox.textlocal(NUMBER, "The second")
    assert len(messages(sandbox, query)) == expected


def test_receipts_have_their_attempts(sandbox: SandboxByHand) -> None:
    """Nothing listens there, so that the receipt is sent again."""
    (id_,) = sandbox.textlocal(NUMBER, "Hello", receipt_url="http://127.0.0.1:9/receipts")
    sandbox.advance(DAY)
    message = sandbox.call("GET", f"/messages/textlocal/{id_}")
    (receipt,) = message["receipts"]
    attempts = receipt["attempts"]
    assert (receipt["key"], receipt["event"], receipt["at"]) == (f"receipt:{id_}", "receipt", attempts[0]["at"])
    assert [attempt["attempt"] for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) > 1
    assert (attempts[0]["status"], attempts[0]["error"] is None) == (None, False)
    assert message["request"] == 1


def test_unknown_message_is_refused_with_the_remedy(sandbox: SandboxByHand) -> None:
    expected = "textlocal has accepted no message '1'; list the messages for their ids"
    assert sandbox.refusal("GET", "/messages/textlocal/1") == (404, expected)


def send_to_inbox(box: SandboxByHand, customer: str) -> None:
    """Import a customer without a number, and send an inbox message with Xtremepush."""
    service = box.made["services"]["xtremepush"]
    url, token = f"{service['url']}/api/external", {"apptoken": service["credentials"]["apptoken"]}
    profile = {**token, "columns": ["user_id"], "rows": [[customer]]}
    assert requests.post(f"{url}/import/profile", json=profile, timeout=60).ok
    content = {"title": "News", "trigger": 3, "inbox": 1, "push_title": "Hello", "push_text": "There is news"}
    id_ = requests.post(f"{url}/create/campaign", json={**token, **content}, timeout=60).json()["model"]["id"]
    target = {"id": id_, "target_by": "user_id", "target": [customer], "async": False}
    assert requests.post(f"{url}/execute/campaign", json={**token, **target}, timeout=60).ok


@pytest.mark.parametrize(("query", "expected"), [("number=c0000042", 1), ("number=C0000043", 0)])
def test_message_without_a_number_is_found_by_its_address(sandbox, query, expected):
    send_to_inbox(sandbox, "C0000042")
    assert len(messages(sandbox, query)) == expected


def test_message_without_a_number_has_title_and_type(sandbox):
    send_to_inbox(sandbox, "C0000042")
    (item,) = messages(sandbox)
    assert (item["message_type"], item["heading"], item["text"]) == ("inbox", "Hello", "Hello\nThere is news")
    assert item["encoding"] is None
