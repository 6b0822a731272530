"""Failed calls that are repeated without a pause, and refusals that the bridge does not accept."""

import pytest

from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import SECOND, iso
from sendproof_harness.judge.checks.requests import retry_after
from sendproof_harness.judge.checks.requests.repeated_calls import CHECKS, MAX_AT_ONCE, MAX_REFUSED_CALLS


def found(run: HistoryBuilder) -> list[tuple[str, str]]:
    """Return level and cause of each finding."""
    return [(finding.level, finding.cause) for finding in run.findings(CHECKS)]


def attempts(count: int, *, pause: int = 0, real_pause: float = 0.01, **fields: object) -> list[Line]:
    """Return failed attempts of one send; pauses in milliseconds of the sandbox and in real seconds."""
    call = {"kind": "request", "service": "textlocal", "operation": "bulk_json", "method": "POST", "path": "/bulk_json",
            "credential": "known", "status": 503, "violations": [], "content": "a" * 16} | fields  # fmt: skip
    return [{"n": 5_000 + i, "at": iso(START + i * pause), "real": 100 + i * real_pause} | call for i in range(count)]


def rejection(n: int, number: object, text: object, **fields: object) -> Line:
    """Return one rejection because of the number."""
    return {"n": n, "at": iso(START), "kind": "rejection", "service": "textlocal", "number": number, "text": text,
            "code": 32, "reason": "Invalid number format"} | fields  # fmt: skip


NO_PAUSE = ("fail", "textlocal bulk_json: repeated without a pause while it failed")
SENT_AGAIN = ("fail", "textlocal: a message was sent again after the provider had rejected it for good")


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("pause", [0, 10])
def test_failing_call_repeated_without_pause_fails(correct_run, status, pause):
    """A 429 response without Retry-After leaves the pause to the bridge."""
    assert found(correct_run.plus(*attempts(MAX_AT_ONCE, status=status, pause=pause))) == []
    assert found(correct_run.plus(*attempts(MAX_AT_ONCE + 1, status=status, pause=pause))) == [NO_PAUSE]


def test_call_repeated_at_once_in_spite_of_retry_after_is_judged_by_that(correct_run):
    limited = correct_run.plus(*attempts(MAX_AT_ONCE + 2, status=429, retry_after=30))

    assert found(limited) == []
    assert {finding.cause for finding in limited.findings(retry_after.CHECKS)} == {
        "429 ignored: textlocal bulk_json: retried at once"
    }


def test_limited_login_that_many_workers_repeat_passes(correct_run):
    """The token of the first one is valid."""
    login = {"service": "optimove", "operation": "Login", "path": "/current/general/login", "status": 429}

    assert found(correct_run.plus(*attempts(20, **login))) == []
    assert len(found(correct_run.plus(*attempts(20, **login | {"status": 500})))) == 1


@pytest.mark.parametrize("pause", [{"pause": 1 * SECOND}, {"real_pause": 1.0}], ids=["virtual", "real"])
def test_failing_call_repeated_with_pause_passes(correct_run, pause):
    """A bridge may wait on the sandbox's clock, or on its own."""
    assert found(correct_run.plus(*attempts(40, **pause))) == []


@pytest.mark.parametrize(("pause", "causes"), [(1, 1), (5, 0)])
def test_failing_call_repeated_for_minutes_with_short_pauses_fails(correct_run, pause, causes):
    """A fixed pause of a second makes a storm of retries in an outage of hours."""
    cause = "textlocal bulk_json: repeated for minutes with short pauses while it failed"
    assert found(correct_run.plus(*attempts(200, pause=pause * SECOND))) == [("fail", cause)] * causes


def test_short_pause_that_does_not_grow_fails(correct_run):
    """Five calls a second of one kind are all that Optimove accepts of all kinds."""
    assert found(correct_run.plus(*attempts(40, pause=200))) == [NO_PAUSE]


def test_pause_that_grows_from_ten_milliseconds_passes(correct_run):
    calls = [call | {"at": iso(START + 10 * 2**i)} for i, call in enumerate(attempts(12))]

    assert found(correct_run.plus(*calls)) == []


def test_short_sleeps_at_one_instant_are_unknown(correct_run):
    """They may be pauses, or the work of a slow machine."""
    ((level, cause),) = found(correct_run.plus(*attempts(20, real_pause=0.4)))

    assert (level, cause.partition(";")[0]) == (
        "unknown",
        "textlocal bulk_json: repeated at one instant of virtual time",
    )


def test_many_failing_messages_at_one_instant_pass(correct_run):
    """Each message is a call of its own, and may be tried once."""
    calls = [call | {"content": f"{i:016d}"} for i, call in enumerate(attempts(100))]

    assert found(correct_run.plus(*calls)) == []


def test_message_rejected_for_good_and_sent_again_fails(correct_run):
    owed = correct_run.obligation_of(3)
    once = correct_run.plus(rejection(5_000, owed["number"], owed["text"]))

    assert found(once) == []
    assert found(once.plus(rejection(5_001, owed["number"], owed["text"]))) == [SENT_AGAIN]


def test_equal_messages_that_the_provider_withholds_may_each_be_rejected(correct_run):
    """Two events of a suppressed customer: the history has no text of a message that is not due."""
    owed = correct_run.obligation_of(3)
    withheld = [owed | {"n": n, "text": None, "owed": False, "reason": "suppressed"} for n in (4_000, 4_001)]
    twice = [rejection(n, owed["number"], owed["text"]) for n in (5_000, 5_001, 5_002)]
    run = correct_run.plus(*withheld, *twice)

    assert found(run) == []
    assert found(run.plus(rejection(5_003, owed["number"], owed["text"]))) == [SENT_AGAIN]


def test_customer_named_by_id_may_be_rejected_in_each_campaign(correct_run):
    unusable = correct_run.obligation_of(3) | {"number": None, "text": None, "owed": False, "reason": "unusable_number"}
    run = correct_run.plus(unusable | {"n": 4_000, "campaign": 7002})
    rejections = [rejection(n, unusable["customer"], "Hello") for n in (5_000, 5_001, 5_002)]

    assert found(run.plus(*rejections[:2])) == []
    assert found(run.plus(*rejections)) == [SENT_AGAIN]


def test_temporary_rejection_and_another_text_may_be_sent_again(correct_run):
    owed = correct_run.obligation_of(3)
    out_of_credits = [rejection(n, owed["number"], owed["text"], code=7) for n in (5_000, 5_001)]
    other_text = rejection(5_002, owed["number"], "Other text")

    assert found(correct_run.plus(*out_of_credits, other_text)) == []


def test_rejection_with_lost_response_may_be_sent_again(correct_run):
    owed = correct_run.obligation_of(3)
    lost = attempts(1, status=0, fault={"id": "f1", "fault": "no_response", "effect": True, "response": "lost"})
    messages = [rejection(n, owed["number"], owed["text"]) for n in (5_001, 5_010)]
    seen = attempts(1, n=5_009, status=200, content=None)

    assert found(correct_run.plus(*lost, messages[0], *seen, messages[1])) == []


def test_call_refused_for_good_again_and_again_fails(correct_run):
    """An unknown sender stays unknown, whatever the pause."""
    refused = attempts(MAX_REFUSED_CALLS + 1, pause=60 * SECOND, status=200, summary={"errors": [43]})

    assert found(correct_run.plus(*refused[:-1])) == []
    assert found(correct_run.plus(*refused)) == [
        ("fail", "textlocal bulk_json: the same call again and again after it was refused for good (43)")
    ]
