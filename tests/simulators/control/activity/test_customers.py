"""The list and the search of customers, and everything about one of them."""

import smtplib
from email.message import EmailMessage

import pytest
import requests

from running import RunningSimulators
from sandbox_by_hand import SandboxByHand, sandbox_by_hand

MINUTE, DAY = 60_000, 86_400_000


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> SandboxByHand:
    """Create a sandbox with a campaign to 50 of 100 customers."""
    box = sandbox_by_hand(simulators)
    box.schedule(7001, customers=50)
    return box


def test_customers_are_listed_by_position(sandbox: SandboxByHand) -> None:
    page = sandbox.call("GET", "/customers?offset=98&limit=10")
    assert [item["customer"] for item in page["items"]] == ["C0000098", "C0000099"]
    assert (page["next"], page["total"]) == (None, 100)
    assert sandbox.call("GET", "/customers?limit=10")["next"] == 10
    assert sandbox.call("GET", "/customers?offset=100")["items"] == []


def test_customer_is_found_by_id_name_and_any_spelling_of_the_number(sandbox: SandboxByHand) -> None:
    known = sandbox.call("GET", "/customers/C0000042")
    number = known["number"]
    for search in ("C0000042", "c0000042", known["name"].upper(), number, f"%2B{number}", f"0{number[2:]}"):
        found = sandbox.call("GET", f"/customers?search={search}")
        assert known["customer"] in [item["customer"] for item in found["items"]], search
    assert sandbox.call("GET", "/customers?search=nobody%20has%20this") == {"items": [], "next": None, "total": 0}


def test_search_goes_on_where_its_page_ended(sandbox: SandboxByHand) -> None:
    first = sandbox.call("GET", "/customers?search=C00000&limit=60")
    second = sandbox.call("GET", f"/customers?search=C00000&limit=60&offset={first['next']}")
    ids = [item["customer"] for item in (*first["items"], *second["items"])]
    assert (ids, second["next"]) == ([f"C{index:07d}" for index in range(100)], None)


def test_obligation_goes_from_due_to_delivered_or_missing(sandbox: SandboxByHand) -> None:
    states = []
    for by_ms in (0, 3 * 60 * MINUTE, 0, 3 * DAY):
        sandbox.advance(by_ms)
        if len(states) == 2:
            customer = sandbox.call("GET", "/customers/C0000042")
            sandbox.textlocal(customer["number"], customer["obligations"][0]["text"])
        (obligation,) = sandbox.call("GET", "/customers/C0000042")["obligations"]
        states.append(obligation["state"])
    sandbox.advance(1)
    assert states[:3] == ["due", "due", "sent"]
    assert states[3] in {"delivered", "failed"}
    assert sandbox.call("GET", "/customers/C0000041")["obligations"][0]["state"] == "missing"


def test_story_tells_what_happened_in_order(sandbox: SandboxByHand) -> None:
    sandbox.advance(MINUTE)
    customer = sandbox.call("GET", "/customers/C0000042")
    (id_,) = sandbox.textlocal(customer["number"], "Hello")
    sandbox.call("POST", "/events", [{"customer": "C0000042", "event": "visit", "parameters": {"page": "/"}}])
    sandbox.advance(3 * DAY)
    shown = sandbox.call("GET", "/customers/C0000042")
    kinds = [line["kind"] for line in shown["story"]]
    assert kinds == ["delivery", "customer_event", "delivery_status"]
    assert shown["story"][0]["text"] == f"textlocal accepted the message {id_} to {customer['number']}: Hello"
    assert shown["story"][1]["text"] == 'event visit {"page":"/"}'
    assert [event["event"] for event in shown["events"]] == ["visit"]
    assert [message["id"] for message in shown["messages"]] == [id_]


def test_story_has_nothing_of_other_customers(sandbox: SandboxByHand) -> None:
    numbers = [sandbox.call("GET", f"/customers/C00000{index}")["number"] for index in (42, 43)]
    sandbox.textlocal(",".join(numbers), "Hello to both")
    sandbox.advance(3 * DAY)
    story = sandbox.call("GET", "/customers/C0000042")["story"]
    assert [line["kind"] for line in story] == ["delivery", "delivery_status"]


def test_consent_follows_a_reply_to_the_provider(simulators: RunningSimulators) -> None:
    """The test number answers STOP."""
    audience = {"customers": 1, "individuals": [{"customer": 0, "outcome": "delivered, replies STOP"}]}
    box = sandbox_by_hand(simulators, audience=audience)
    number = box.call("GET", "/customers/C0000000")["number"]
    box.textlocal(number, "Hello")
    before = box.call("GET", "/customers/C0000000")["consent"][0]
    box.advance(DAY)
    after = box.call("GET", "/customers/C0000000")["consent"][0]
    assert (before["consents"], before["by"]) == (True, None)
    assert (after["channel"], after["provider"], after["consents"], after["by"]) == (505, "textlocal", False, "reply")


def test_changed_number_finds_the_customer(sandbox: SandboxByHand) -> None:
    base = f"{sandbox.simulators.control}/control/sandboxes/{sandbox.made['sandbox']}"
    batch, headers = "CustomerID,PHONENUMBER\nC0000042,07555123456\n", {"content-type": "text/csv"}
    assert requests.post(f"{base}/services/optimove/batch", data=batch, headers=headers, timeout=60).ok
    found = sandbox.call("GET", "/customers?search=447555123456")
    assert [item["customer"] for item in found["items"]] == ["C0000042"]


def test_unknown_customer_is_refused_with_the_remedy(sandbox: SandboxByHand) -> None:
    expected = "expected the id of a customer such as C0000000, got 'C0000100'"
    assert sandbox.refusal("GET", "/customers/C0000100") == (404, expected)


@pytest.fixture
def mailed(simulators: RunningSimulators) -> SandboxByHand:
    """Create a sandbox with a channel for e-mails and one for SMS; customer 3 unsubscribed from e-mails only."""
    audience = {
        "customers": 10,
        "addresses": {},
        "individuals": [
            {"customer": 3, "protection": "none", "address": "unsubscribed"},
            {"customer": 4, "protection": "provider_list"},
        ],
    }
    channels = [
        {"id": 504, "provider": "smtp", "kind": "scheduled", "message": "email"},
        {"id": 505, "provider": "textlocal", "kind": "scheduled"},
    ]
    return sandbox_by_hand(simulators, audience=audience, channels=channels)


def test_opt_outs_are_those_of_each_message_type(mailed: SandboxByHand) -> None:
    items = mailed.call("GET", "/customers?limit=5")["items"]
    consent = mailed.call("GET", "/customers/C0000003")["consent"]
    assert [item["opted_out_of"] for item in items[2:]] == [[], ["email"], ["sms"]]
    assert [(place["message"], place["consents"], place["by"]) for place in consent] == [
        ("email", False, "provider"),
        ("sms", True, None),
    ]


def test_customer_is_found_by_email_address(mailed: SandboxByHand) -> None:
    email = mailed.call("GET", "/customers/C0000002")["email"]
    for search in (email, email.upper(), email.partition("@")[0]):
        found = mailed.call("GET", f"/customers?search={search}")
        assert [item["customer"] for item in found["items"]] == ["C0000002"], search


def test_story_has_emails_over_smtp(mailed: SandboxByHand) -> None:
    known = mailed.call("GET", "/customers/C0000002")
    message = EmailMessage()
    message["From"], message["Subject"] = "news@client.example", "News"
    message["List-Unsubscribe"] = "<http://127.0.0.1:9/unsubscribe/2>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("<p>Hello</p>", subtype="html")
    service = mailed.made["services"]["smtp"]
    with smtplib.SMTP(*service["mail_url"].removeprefix("smtp://").split(":")) as relay:
        relay.login(service["credentials"]["smtp_user"], service["credentials"]["smtp_password"])
        relay.send_message(message, "news@client.example", [known["email"]])

    shown = mailed.call("GET", "/customers/C0000002")

    assert [item["text"] for item in shown["messages"]] == ["News\nHello"]
    assert [line["kind"] for line in shown["story"]] == ["delivery"]
