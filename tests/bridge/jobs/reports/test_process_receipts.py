"""From stored receipts to states of messages."""

from small_bridge import NUMBERS, receive_statuses


def states(bridge):
    """Return the state of each message, by number."""
    return dict(bridge.query("SELECT number, state FROM message WHERE number IS NOT NULL"))


def test_each_status_code_sets_its_state(sent):
    receive_statuses(sent, *zip(NUMBERS, "DUIE?", strict=True))
    sent.run()

    assert list(states(sent).values()) == ["delivered", "undelivered", "invalid", "expired", "unknown"]


def test_repeated_receipt_changes_nothing(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"))
    sent.run()

    assert sent.query("SELECT result FROM receipt ORDER BY id") == ["applied", "repeated"]


def test_final_state_does_not_change(sent):
    """An unknown status may become known."""
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "U"), (NUMBERS[1], "?"), (NUMBERS[1], "D"))
    sent.run()

    assert sent.query("SELECT result FROM receipt ORDER BY id") == ["applied", "illegal", "applied", "applied"]
    assert (states(sent)[NUMBERS[0]], states(sent)[NUMBERS[1]]) == ("delivered", "delivered")


def test_receipt_of_unknown_batch_or_number_is_stray(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), batch="505-9-0-0")
    receive_statuses(sent, ("447999999999", "D"))
    sent.run()

    assert sent.query("SELECT result FROM receipt") == ["stray", "stray"]


def test_many_receipts_are_processed_in_several_transactions(sent):
    receive_statuses(sent, *[("447999999999", "D")] * 10_001)
    sent.run()

    assert sent.query("SELECT COUNT(*) FROM receipt WHERE result IS NULL") == [0]
