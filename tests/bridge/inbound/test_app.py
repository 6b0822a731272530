"""The door, over real HTTP."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from sendproof_bridge.inbound.app import WebhookApp
from small_bridge import TOKEN
from stand_in import serving

EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}
DELIVERED = {"number": "447123456789", "status": "D", "customID": "", "datetime": "2026-03-02 09:00:07"}


@pytest.fixture
def door(small):
    """The address of an open door."""
    woken = []
    with closing(WebhookApp(small.bridge, lambda: woken.append(1))) as opened, serving(opened.router()) as url:
        small.woken = woken
        yield url


def post_event(door, body, client="acme", token=TOKEN):
    """As Optimove does."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{door}/webhooks/optimove/{client}/{token}", data=data, timeout=10)


def post_receipt(door, form, *, client="acme", token=TOKEN, batch="505-7001-0-0", provider="textlocal"):
    """As Textlocal does."""
    return requests.post(f"{door}/webhooks/{provider}/{client}/{token}/{batch}", data=form, timeout=10)


def test_a_campaign_event_becomes_work(door, small):
    """It is stored, a first page is due, and the worker is woken."""
    assert post_event(door, EVENT).status_code == 200

    assert small.rows("SELECT id FROM job") == ["fetch_page:acme:505:7001:0"]
    assert small.woken == [1]


def test_a_repeated_event_is_harmless(door, small):
    """Optimove's events come more than once."""
    assert [post_event(door, EVENT).status_code for _ in range(3)] == [200, 200, 200]

    assert small.rows("SELECT COUNT(*) FROM event") == small.rows("SELECT COUNT(*) FROM job") == [1]


def test_names_may_come_in_any_case(door, small):
    """One vendor's guide shows eventTypeId and campaignId."""
    body = {"eventTypeId": 13, "timeStamp": "2022-09-19 05:04:54", "campaignId": "8001", "channelId": 505}

    assert post_event(door, body).status_code == 200
    assert small.rows("SELECT id FROM job") == ["fetch_page:acme:505:8001:0"]


@pytest.mark.parametrize("body", [{"EventTypeID": 1, "TimeStamp": "x", "CampaignID": 7001}, {"EventTypeID": 2}])
def test_other_events_are_only_recorded(door, small, body):
    """Nothing is to be done about them."""
    assert post_event(door, body).status_code == 200

    assert small.rows("SELECT type FROM event") == [body["EventTypeID"]]
    assert small.rows("SELECT COUNT(*) FROM job") == [0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "expected a JSON object, got something else"),
        (b"\xff\xfe", "expected a JSON object, got something else"),
        (b"[13]", "expected a JSON object, got list"),
        (b'{"eventTypeID": 11, "customerID": "\\uD83D"}', "expected text, got half a character"),
        ({**EVENT, "CampaignID": 10**30}, "expected CampaignID as a number of at most 18 digits"),
        ({"CampaignID": 7001}, "expected EventTypeID as a whole number, got None"),
        ({"EventTypeID": True, "CampaignID": 7001}, "expected EventTypeID as a whole number, got True"),
        ({"EventTypeID": 13, "CampaignID": 7001}, "expected ChannelID as a whole number, got None"),
        (
            {"EventTypeID": 13, "CampaignID": -1, "ChannelID": 505},
            "expected CampaignID as a number or a short text, got -1",
        ),
        ({**EVENT, "ChannelID": 999}, "channel 999 of client acme is not configured"),
    ],
)
def test_a_bad_event_is_refused_with_a_reason(door, small, body, reason):
    """Whoever sends it learns what was expected."""
    answer = post_event(door, body)

    assert (answer.status_code, answer.text[: len(reason)]) == (400, reason)
    assert small.rows("SELECT COUNT(*) FROM event") == [0]


@pytest.mark.parametrize(("client", "token"), [("acme", "another-token"), ("nobody", TOKEN), ("nobody", "x")])
def test_a_wrong_token_finds_nothing(door, client, token):
    """The answer does not tell whether the client exists."""
    answers = [post_event(door, EVENT, client, token), post_receipt(door, DELIVERED, client=client, token=token)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(404, "not found")] * 2


def test_a_large_body_is_refused(door):
    """An event has a few hundred bytes."""
    assert post_event(door, b" " * 70_000).status_code == 413


def test_a_receipt_is_stored_with_its_batch(door, small):
    """Number, letter and time as they came; the batch is in the address."""
    assert post_receipt(door, DELIVERED).status_code == 200

    assert small.rows("SELECT client, batch, recipient, status_code, provider_time, result FROM receipt") == [
        ("acme", "505-7001-0-0", "447123456789", "D", "2026-03-02 09:00:07", None)
    ]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"status": "D"}, "expected number in digits, got None"),
        ({"number": "447123456789", "status": "Z"}, "expected status to be one of D, U, I, E, ?, got 'Z'"),
    ],
)
def test_a_bad_receipt_is_refused_with_a_reason(door, form, reason):
    """It could be assigned to nothing."""
    answer = post_receipt(door, form)

    assert (answer.status_code, answer.text) == (400, reason)


def test_receipts_of_a_provider_that_the_client_does_not_use_find_nothing(door):
    """There is no such address."""
    assert post_receipt(door, DELIVERED, provider="twilio").status_code == 404


def test_many_receipts_at_once_are_all_stored(door, small):
    """They share transactions, and each is answered only when it is stored."""
    with ThreadPoolExecutor(16) as pool:
        forms = [{**DELIVERED, "number": str(447100000000 + index)} for index in range(300)]
        answers = Counter(answer.status_code for answer in pool.map(lambda form: post_receipt(door, form), forms))

    assert answers == {200: 300}
    assert small.rows("SELECT COUNT(DISTINCT recipient) FROM receipt") == [300]


def test_waiting_receipts_need_one_job(door, small):
    """A job that is due will see all that came before it runs."""
    for _ in range(3):
        post_receipt(door, DELIVERED)

    assert small.rows("SELECT kind, state FROM job") == [("process_receipts", "due")]


def test_health_is_ok_when_nothing_is_wrong(door):
    """Jobs are counted by state."""
    told = requests.get(f"{door}/health", timeout=10).json()

    assert (told["status"], told["jobs"], told["problems"]) == (
        "ok",
        {"due": 0, "running": 0, "done": 0, "dead": 0, "unknown": 0},
        [],
    )


@pytest.mark.parametrize("campaign", ["acme/505/9999", "acme/999/7001", f"acme/{10**30}/7001", "nobody/505/7001"])
def test_an_unknown_campaign_is_not_found(door, campaign):
    """The bridge tells only of campaigns that were announced to it, on channels that it has."""
    answer = requests.get(f"{door}/campaigns/{campaign}", timeout=10)

    said = f"campaign {campaign.replace('/', ':')} was never announced here"
    assert (answer.status_code, answer.json()) == (404, {"error": said})
