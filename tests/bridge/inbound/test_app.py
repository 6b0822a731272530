"""The webhook app, over real HTTP."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.operator import OperatorRoutes
from small_bridge import TOKEN
from stand_in import serving

EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}
DELIVERED = {"number": "447123456789", "status": "D", "customID": "", "datetime": "2026-03-02 09:00:07"}
OPERATOR = {"Authorization": "Bearer the-operator"}


@pytest.fixture
def url(bridge):
    """Run the webhook app; return its URL."""
    woken = []
    app = WebhookApp(bridge.context, lambda: woken.append(1), OperatorRoutes(bridge.context, Secret("the-operator")))
    with closing(app), serving(app.router()) as app_url:
        bridge.woken = woken
        yield app_url


def post_event(url, body, client="acme", token=TOKEN):
    """Post like Optimove."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{url}/webhooks/optimove/{client}/{token}", data=data, timeout=60)


def post_receipt(url, form, *, client="acme", token=TOKEN, batch="505-7001-0-0", provider="textlocal"):
    """Post like Textlocal."""
    return requests.post(f"{url}/webhooks/{provider}/{client}/{token}/{batch}", data=form, timeout=60)


def test_campaign_event_creates_page_job_and_wakes_worker(url, bridge):
    assert post_event(url, EVENT).status_code == 200

    assert bridge.query("SELECT id FROM job") == ["fetch_page:acme:505:7001:0"]
    assert bridge.woken == [1]


def test_repeated_event_changes_nothing(url, bridge):
    """Optimove sends events more than once."""
    assert [post_event(url, EVENT).status_code for _ in range(3)] == [200, 200, 200]

    assert bridge.query("SELECT COUNT(*) FROM event") == bridge.query("SELECT COUNT(*) FROM job") == [1]


def test_event_names_are_accepted_in_any_case(url, bridge):
    """One vendor's guide shows eventTypeId and campaignId."""
    body = {"eventTypeId": 13, "timeStamp": "2022-09-19 05:04:54", "campaignId": "8001", "channelId": 505}

    assert post_event(url, body).status_code == 200
    assert bridge.query("SELECT id FROM job") == ["fetch_page:acme:505:8001:0"]


@pytest.mark.parametrize(
    "body", [{"EventTypeID": 1, "TimeStamp": "x", "CampaignID": 7001}, {"EventTypeID": 2}, {"EventTypeID": 10**17}]
)
def test_other_events_are_stored_without_jobs(url, bridge, body):
    assert post_event(url, body).status_code == 200

    assert bridge.query("SELECT type FROM event") == [body["EventTypeID"]]
    assert bridge.query("SELECT COUNT(*) FROM job") == [0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "expected JSON, got something else"),
        (b"\xff\xfe", "expected JSON, got something else"),
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
        (
            {"EventTypeID": 11, "CampaignID": 7001, "ChannelID": 505, "CustomerID": "é" * 1_001, "TemplateID": 11},
            "expected CustomerID with at most 2,000 bytes, got 'ééé",
        ),
    ],
)
def test_invalid_event_is_refused_with_reason(url, bridge, body, reason):
    response = post_event(url, body)

    assert (response.status_code, response.text[: len(reason)]) == (400, reason)
    assert bridge.query("SELECT COUNT(*) FROM event") == [0]


@pytest.mark.parametrize(("client", "token"), [("acme", "another-token"), ("nobody", TOKEN), ("nobody", "x")])
def test_wrong_token_returns_404(url, client, token):
    """The response does not reveal if the client exists."""
    responses = [post_event(url, EVENT, client, token), post_receipt(url, DELIVERED, client=client, token=token)]

    assert [(response.status_code, response.text) for response in responses] == [(404, "not found")] * 2


@pytest.mark.parametrize("path", ["/health/", f"/webhooks/optimove/acme/{TOKEN}/"])
def test_no_response_leads_to_the_host_that_a_request_names(url, path):
    """A redirect would contain the token of the webhook."""
    response = requests.post(url + path, headers={"Host": "evil.example"}, allow_redirects=False, timeout=60)

    assert (response.status_code, response.headers.get("Location")) == (404, None)


def test_large_body_is_refused(url):
    assert post_event(url, b" " * 70_000).status_code == 413


def test_receipt_is_stored_with_batch_from_url(url, bridge):
    assert post_receipt(url, DELIVERED).status_code == 200

    assert bridge.query("SELECT client, batch, recipient, status_code, provider_time, result FROM receipt") == [
        ("acme", "505-7001-0-0", "447123456789", "D", "2026-03-02 09:00:07", "stray")
    ]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"status": "D"}, "expected number in digits, got None"),
        ({"number": "447123456789", "status": "Z"}, "expected status to be one of D, U, I, E, ?, got 'Z'"),
    ],
)
def test_invalid_receipt_is_refused_with_reason(url, form, reason):
    response = post_receipt(url, form)

    assert (response.status_code, response.text) == (400, reason)


def test_receipt_of_unused_provider_returns_404(url):
    assert post_receipt(url, DELIVERED, provider="twilio").status_code == 404


def test_parallel_receipts_are_all_stored(url, bridge):
    with ThreadPoolExecutor(16) as pool:
        forms = [{**DELIVERED, "number": str(447100000000 + index)} for index in range(300)]
        responses = Counter(response.status_code for response in pool.map(lambda form: post_receipt(url, form), forms))

    assert responses == {200: 300}
    assert bridge.query("SELECT COUNT(DISTINCT recipient) FROM receipt") == [300]


def test_receipt_needs_no_job(url, bridge):
    """Thousands of receipts a second would keep the worker from other work."""
    post_receipt(url, DELIVERED)

    assert bridge.query("SELECT COUNT(*) FROM job") == [0]
    assert bridge.woken == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_webhook_after_a_restart_of_the_database_is_stored(url, bridge, postgres_database):
    """Optimove may send an event only once."""
    post_event(url, EVENT)
    postgres_database.disconnect_others()

    assert post_event(url, {**EVENT, "CampaignID": 7002}).status_code == 200
    assert bridge.query("SELECT campaign FROM event ORDER BY campaign") == ["7001", "7002"]


@pytest.mark.parametrize("path", ["/status", "/metrics", f"/webhooks/optimove/acme/{TOKEN}"])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_request_without_a_database_is_one_line_in_the_log(url, bridge, postgres_database, caplog, path):
    """A traceback for each webhook of an hour would hide everything else."""
    with postgres_database.refuse_others():
        response = requests.request(
            "POST" if "webhooks" in path else "GET", f"{url}{path}", headers=OPERATOR, json=EVENT, timeout=60
        )

    assert (response.status_code, response.text) == (500, "the database cannot be used")
    (line,) = [record for record in caplog.records if record.name.startswith("sendproof_bridge.inbound")]
    assert (line.levelname, line.exc_info) == ("WARNING", None)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_health_shows_up_or_down_only(url, bridge):
    up = requests.get(f"{url}/health", timeout=60)
    bridge.execute("DROP TABLE run")
    down = requests.get(f"{url}/health", timeout=60)

    assert (up.status_code, up.json()) == (200, {"status": "up"})
    assert (down.status_code, down.json()) == (503, {"status": "down"})


def test_status_without_problems_is_ok(url):
    status = requests.get(f"{url}/status", headers=OPERATOR, timeout=60).json()

    assert (status["status"], status["jobs"], status["problems"]) == (
        "ok",
        {"due": 0, "running": 0, "done": 0, "dead": 0, "unknown": 0, "dropped": 0},
        [],
    )


@pytest.mark.parametrize("campaign", ["acme/505/9999", "acme/999/7001", f"acme/{10**30}/7001", "nobody/505/7001"])
def test_unknown_campaign_returns_404(url, campaign):
    response = requests.get(f"{url}/campaigns/{campaign}", headers=OPERATOR, timeout=60)

    error = f"campaign {campaign.replace('/', ':')} was never announced here"
    assert (response.status_code, response.json()) == (404, {"error": error})


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer None", "Bearer another-token", "the-operator"])
@pytest.mark.parametrize("path", ["/status", "/campaigns/acme/505/7001"])
def test_operator_endpoints_are_closed_without_the_token(url, path, shown):
    """Client names, totals and errors of services are on the port that the internet reaches."""
    headers = {} if shown is None else {"Authorization": shown}
    response = requests.get(f"{url}{path}", headers=headers, timeout=60)

    assert (response.status_code, response.text) == (404, "not found")


def test_operator_endpoints_are_closed_without_a_setting(bridge):
    with (
        closing(WebhookApp(bridge.context, lambda: None, OperatorRoutes(bridge.context))) as app,
        serving(app.router()) as url,
    ):
        assert requests.get(f"{url}/status", headers={"Authorization": "Bearer None"}, timeout=60).status_code == 404
