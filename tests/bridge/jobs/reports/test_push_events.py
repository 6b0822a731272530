"""Reports as signed events, for clients with `reports = "save_event"`."""

import hashlib
import hmac
import json

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.inbound.status import status
from sendproof_bridge.outbound.providers import Receipt
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

A, B = "447100000001", "447100000002"


@pytest.fixture
def reported(tmp_path, database, services):
    """Receive receipts of a delivered and an undelivered message; a third customer has no consent."""
    rows = [recipient_row("C1", f"+{A}"), recipient_row("C2", f"+{B}"), recipient_row("C3", consent="0")]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    token = Secret("a-tenant-token")
    config = bridge_config(tmp_path, services.url, reports="save_event", metrics_url=services.url, tenant_token=token)
    with open_small_bridge(tmp_path, config) as bridge:
        bridge.start_campaign()
        bridge.run()
        for number, status_code in ((A, "D"), (B, "U")):
            bridge.receive_receipts(
                Receipt(recipient=number, status_code=status_code, provider_time="", batch="505-7001-0-0")
            )
        yield bridge


def reported_events(services):
    return [event for call in services.calls("saveEvent") for event in call.body]


def test_each_event_is_reported_once_without_sent(reported, services):
    """The service has no event "sent"."""
    reported.run(until=NOON + 24 * HOUR)

    reported_names = sorted((event["customer"], event["event"]) for event in reported_events(services))
    assert reported_names == [("C1", "delivered"), ("C2", "bounced"), ("C3", "dropped")]
    assert services.calls("UpdateCampaignMetrics") == services.calls("UpdateCampaignInteractions") == []


def test_event_has_customer_time_and_context(reported, services):
    """The members of `context` are not published."""
    reported.run(until=NOON + 15 * MINUTE)

    assert reported_events(services)[0] == {
        "event": "delivered",
        "category": "metric",
        "customer": "C1",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "context": {"campaign_id": 7001, "channel_id": 505, "template_id": 11},
    }


def test_signature_is_of_the_sent_bytes(reported, services):
    """Without spaces, because a verifier may serialize the JSON again."""
    reported.run(until=NOON + 15 * MINUTE)
    call = services.calls("saveEvent")[0]

    body = json.dumps(call.body, separators=(",", ":")).encode()
    signature = hmac.new(b"a-tenant-token", body, hashlib.sha256).hexdigest()
    assert call.headers["x-optimove-signature-content"] == signature
    assert call.headers["x-optimove-signature-version"] == "1"


def test_lost_response_is_recorded_and_not_repeated(reported, services):
    """The events may count, and must not count twice."""
    services.respond("saveEvent", Reply(status=500))
    reported.run(until=NOON + 24 * HOUR)

    assert len(services.calls("saveEvent")) == 1
    assert status(reported.context)["jobs"]["unknown"] == 1


def test_refused_call_is_repeated(reported, services):
    services.respond("saveEvent", Reply(status=429), Reply())
    reported.run(until=NOON + 24 * HOUR)

    assert len(services.calls("saveEvent")) == 2
    assert status(reported.context)["jobs"]["unknown"] == 0


def test_restart_during_call_does_not_repeat_it(reported, services):
    """The next start only finds the mark `begun`."""
    services.respond("saveEvent", Reply(status=429), Reply())
    reported.run(until=NOON + 15 * MINUTE)
    reported.execute("UPDATE job SET payload = replace(payload, '\"begun\": false', '\"begun\": true')")
    reported.run(until=NOON + 24 * HOUR)

    assert len(services.calls("saveEvent")) == 1
    assert status(reported.context)["jobs"]["unknown"] == 1
