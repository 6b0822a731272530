"""From receipts to states of messages: each is applied when it is stored."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sendproof_bridge.clock import MINUTE, SECOND
from sendproof_bridge.domain import receipts
from sendproof_bridge.inbound import status
from sendproof_bridge.outbound.providers import Receipt
from sendproof_bridge.storage.store import plain
from small_bridge import KEY, NOON, NUMBERS, bridge_config, open_small_bridge, receive_statuses

BATCH = "505-7001-0-0"


def states(bridge):
    """Return the state of each message, by number."""
    return dict(bridge.query("SELECT number, state FROM message WHERE number IS NOT NULL"))


def test_each_status_code_sets_its_state(sent):
    receive_statuses(sent, *zip(NUMBERS, "DUIE?", strict=True))

    assert list(states(sent).values()) == ["delivered", "undelivered", "invalid", "expired", "unknown"]


def test_repeated_receipt_changes_nothing(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"))

    assert sent.query("SELECT result FROM receipt ORDER BY id") == ["applied", "repeated"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_webhook_that_several_processes_store_at_once_counts_once(sent, tmp_path, services):
    """Each has its own connection, and all of them read before they write."""
    trigger = {"EventTypeID": 11, "ChannelID": 505, "CampaignID": 8, "CustomerID": "C1", "TemplateID": 11}
    with (
        open_small_bridge(tmp_path, bridge_config(tmp_path, services.url)) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        each = [sent, other] * 8
        list(pool.map(lambda bridge: receive_statuses(bridge, (NUMBERS[0], "D")), each))
        list(pool.map(lambda bridge: bridge.receive_event(**trigger), each))

    assert sent.query("SELECT result, number FROM receipt_count ORDER BY result") == [("applied", 1), ("repeated", 15)]
    assert sent.query("SELECT COUNT(*) FROM trigger") == [1]
    assert sent.query("SELECT COUNT(*) FROM job WHERE kind = 'send_triggered'") == [1]


def test_final_state_does_not_change(sent):
    """An unknown status may become known."""
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "U"), (NUMBERS[1], "?"), (NUMBERS[1], "D"))

    assert sent.query("SELECT result FROM receipt ORDER BY id") == ["applied", "illegal", "applied", "applied"]
    assert (states(sent)[NUMBERS[0]], states(sent)[NUMBERS[1]]) == ("delivered", "delivered")


def receipt_at(second, code):
    """Return a receipt of the first message with the time of its status."""
    return Receipt(batch=BATCH, recipient=NUMBERS[0], status_code=code, provider_time=f"2026-03-02 12:00:{second:02}")


@pytest.mark.parametrize("codes", [("U", "D"), ("D", "U")])
def test_later_status_decides_in_whatever_order_the_receipts_come(sent, codes):
    """A lost receipt is posted again, after others."""
    sent.clock.time = NOON + MINUTE
    early, late = receipt_at(2, codes[0]), receipt_at(5, codes[1])
    for order in ([early, late], [late, early]):
        sent.execute("UPDATE message SET state = 'accepted', ended_at = NULL")
        for receipt in order:
            sent.receive_receipts(receipt)
        assert sent.query("SELECT ended_at FROM message WHERE ended_at IS NOT NULL") == [NOON + 5 * SECOND]
        assert states(sent)[NUMBERS[0]] == {"U": "undelivered", "D": "delivered"}[codes[1]]


def test_status_that_was_reported_does_not_change(sent):
    """Customers were reported with it, and no report takes that back."""
    sent.clock.time = NOON + MINUTE
    sent.receive_receipts(receipt_at(2, "U"))
    sent.execute("UPDATE message SET reported_state = state")
    sent.receive_receipts(receipt_at(5, "D"))

    assert states(sent)[NUMBERS[0]] == "undelivered"


def test_receipt_of_unknown_batch_or_number_is_stray(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), batch="505-9-0-0")
    receive_statuses(sent, ("447999999999", "D"))

    assert sent.query("SELECT result FROM receipt") == ["stray", "stray"]


def test_receipts_are_counted_by_campaign_and_result(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"), ("447999999999", "D"))
    receive_statuses(sent, (NUMBERS[1], "D"), (NUMBERS[1], "D"), (NUMBERS[2], "D"))
    receive_statuses(sent, (NUMBERS[0], "D"), batch="505-9-0-0")

    assert status.campaign_status(sent.context, KEY)["receipts"] == {"applied": 3, "repeated": 2, "stray": 1}


def test_receipt_of_a_known_message_is_applied_once_its_id_is_known(sent):
    sent.execute("UPDATE message SET provider_id = NULL")
    sent.receive_receipts(Receipt(recipient=NUMBERS[0], status_code="D", provider_time="", message="a-new-id"))
    with sent.context.store.write() as tx:
        plain(tx).execute("UPDATE message SET provider_id = 'a-new-id' WHERE number = ?", (NUMBERS[0],))
        receipts.on_ids_known(tx, sent.context, "acme", ["a-new-id"])

    assert sent.query("SELECT result FROM receipt") == ["applied"]
    assert states(sent)[NUMBERS[0]] == "delivered"


def test_receipt_with_a_null_character_is_stray(sent):
    """Anyone with the URL can post one. PostgreSQL has no text with this character."""
    receive_statuses(sent, (NUMBERS[0], "D"), (f"{NUMBERS[1]}\0", "D"))

    assert sent.query("SELECT result FROM receipt ORDER BY id") == ["applied", "stray"]
