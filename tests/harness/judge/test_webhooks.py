"""Listeners and acknowledgements."""

from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, iso
from sendproof_harness.judge.checks.webhooks import CHECKS


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """What was found, in short."""
    return [(some.check, some.blame, some.cause) for some in run.findings(CHECKS)]


def answered(status: int | None, error: str | None = None) -> Line:
    """How a notification was answered."""
    return {"status": status, "error": error}


def test_sound(correct_run):
    """One listener, and every notification acknowledged at once."""
    assert found(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [1, 11]


def test_no_listener(correct_run):
    """A campaign on a channel that nobody listens on is not heard."""
    assert found(correct_run.without("listener")) == [
        ("webhooks.registered", "config", "no listener is registered for the channel of a campaign")
    ]


def test_listener_too_late(correct_run):
    """Registering after the announcement is too late for it."""
    run = correct_run.change("listener", lambda line: line | {"at": iso(START + 3 * HOUR)})

    assert [check for check, _, _ in found(run)] == ["webhooks.registered"]


def test_listener_taken_away(correct_run):
    """Unregistering undoes it."""
    run = correct_run.plus(correct_run.lines_of("listener")[0] | {"action": "unregistered"})

    assert [check for check, _, _ in found(run)] == ["webhooks.registered"]


def test_acknowledged_in_the_end(correct_run):
    """A notification that got through on the second attempt is acknowledged."""
    run = correct_run.change("webhook", lambda line: line | answered(503) if line["event"] == "13" else line)

    assert found(run.plus(correct_run.lines_of("webhook")[0] | {"attempt": 2})) == []


def test_still_being_retried(correct_run):
    """Nobody knows what the next attempt would have brought, so the end of the history is to blame, not the bridge."""
    again = answered(503) | {"retry_at": iso(START + 9 * DAY)}
    run = correct_run.change("webhook", lambda line: line | again if line["event"] == "13" else line)

    (finding,) = run.findings(CHECKS)
    assert (finding.level, finding.blame, finding.expected, finding.got.partition(",")[0]) == (
        "unknown",
        "harness",
        "a history that includes the next attempt at 2026-03-11 06:00:00 UTC",
        "status 503 after 1 attempt",
    )


def test_never_acknowledged(correct_run):
    """A notification that was always refused is the bridge's fault."""
    run = correct_run.change("webhook", lambda line: line | answered(500) if line["event"] == "13" else line)

    assert found(run) == [
        ("webhooks.acknowledged", "bridge", "optimove event 13: every attempt failed, the last with status 500")
    ]


def test_nothing_there(correct_run):
    """When nothing ever answered at an address, the address is wrong."""
    run = correct_run.change("webhook", lambda line: line | answered(None, "connection refused"))

    assert {(blame, cause) for _, blame, cause in found(run)} == {
        ("config", "optimove event 13: no server responds at the given address"),
        ("config", "textlocal event receipt: no server responds at the given address"),
    }


def test_timed_out(correct_run):
    """When the address has answered before, silence is the bridge's."""
    run = correct_run.change(
        "webhook", lambda line: line | answered(None, "timed out") if line["event"] == "13" else line
    )

    assert found(run) == [("webhooks.acknowledged", "bridge", "optimove event 13: no attempt got a response")]
