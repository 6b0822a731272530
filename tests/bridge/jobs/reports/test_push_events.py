"""Reports as signed events, for clients that have chosen them."""

import hashlib
import hmac
import json

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.domain import receipts
from sendproof_bridge.inbound.status import health
from sendproof_bridge.outbound.providers import Receipt
from small_bridge import NOON, opened, row, settings
from stand_in import Says

A, B = "447100000001", "447100000002"


@pytest.fixture
def reported(tmp_path, outside):
    """One message was delivered, one was not, and one customer did not agree."""
    rows = [row("C1", f"+{A}"), row("C2", f"+{B}"), row("C3", consent="0")]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    token = Secret("a-tenant-token")
    config = settings(tmp_path, outside.url, reports="save_event", metrics_url=outside.url, tenant_token=token)
    with opened(tmp_path, config) as small:
        small.announce()
        small.work()
        receipts = [Receipt(recipient=A, status_code="D", provider_time="", batch="505-7001-0-0")]
        receipts += [Receipt(recipient=B, status_code="U", provider_time="", batch="505-7001-0-0")]
        with small.bridge.store.write() as tx:
            receipts.store_receipts(tx, [("acme", one) for one in receipts])
        yield small


def events(outside):
    """All that was reported."""
    return [event for call in outside.calls("saveEvent") for event in call.body]


def test_every_customers_event_is_reported_once(reported, outside):
    """But for "sent", which is none; nothing goes the other way."""
    reported.work(until=NOON + 24 * HOUR)

    told = sorted((event["customer"], event["event"]) for event in events(outside))
    assert told == [("C1", "delivered"), ("C2", "bounced"), ("C3", "dropped")]
    assert outside.calls("UpdateCampaignMetrics") == outside.calls("UpdateCampaignInteractions") == []


def test_an_event_says_what_it_is_about(reported, outside):
    """What belongs into `context` is not published."""
    reported.work(until=NOON + 15 * MINUTE)

    assert events(outside)[0] == {
        "event": "delivered",
        "category": "metric",
        "customer": "C1",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "context": {"campaign_id": 7001, "channel_id": 505, "template_id": 11},
    }


def test_the_bytes_that_are_sent_are_signed(reported, outside):
    """Without spaces, as a verifier may write the JSON again."""
    reported.work(until=NOON + 15 * MINUTE)
    call = outside.calls("saveEvent")[0]

    body = json.dumps(call.body, separators=(",", ":")).encode()
    signature = hmac.new(b"a-tenant-token", body, hashlib.sha256).hexdigest()
    assert call.headers["x-optimove-signature-content"] == signature
    assert call.headers["x-optimove-signature-version"] == "1"


def test_a_lost_reply_is_recorded_and_not_repeated(reported, outside):
    """Nobody can be asked whether the events count, and they must not count twice."""
    outside.say("saveEvent", Says(status=500))
    reported.work(until=NOON + 24 * HOUR)

    assert len(outside.calls("saveEvent")) == 1
    assert health(reported.bridge)["jobs"]["unknown"] == 1


def test_what_was_turned_away_is_repeated(reported, outside):
    """It surely does not count yet."""
    outside.say("saveEvent", Says(status=429), Says())
    reported.work(until=NOON + 24 * HOUR)

    assert len(outside.calls("saveEvent")) == 2
    assert health(reported.bridge)["jobs"]["unknown"] == 0


def test_a_bridge_that_died_during_a_call_does_not_repeat_it(reported, outside):
    """`begun` is all that the next start finds."""
    outside.say("saveEvent", Says(status=429), Says())
    reported.work(until=NOON + 15 * MINUTE)
    reported.change("UPDATE job SET payload = replace(payload, '\"begun\": false', '\"begun\": true')")
    reported.work(until=NOON + 24 * HOUR)

    assert len(outside.calls("saveEvent")) == 1
    assert health(reported.bridge)["jobs"]["unknown"] == 1
