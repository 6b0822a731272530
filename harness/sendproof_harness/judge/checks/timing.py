"""Whether messages went out when they were due, with a special eye for time zones.

A send time that is off by exactly the distance of some time zone, for many recipients, is hardly ever chance:
the bridge took UTC for local time, or the other way about.
"""

from collections.abc import Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import HOUR, MINUTE, span, spoken
from sendproof_harness.judge.checks.delivery import of_obligation
from sendproof_harness.judge.facts.deadlines import CampaignKey, heard, latest
from sendproof_harness.judge.facts.delivery_ledger import Ledger, RecipientResult, is_owed_a_campaign, ledger
from sendproof_harness.judge.facts.delivery_matching import LATE_AFTER, lateness
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import RIGHT_TIME

_ID = "delivery.time"

# Zones lie whole or half hours from UTC, three of them 45 minutes past: 5:45, 8:45 and 12:45. The farthest is 14:00.
_ZONE_OFFSETS = frozenset(
    [*range(HOUR, 14 * HOUR + 1, HOUR // 2), *(hour * HOUR + 45 * MINUTE for hour in (5, 8, 12))],
)

# A bridge that waits for the wrong hour itself still needs a moment to send once the hour has come.
_ZONE_TOLERANCE = 1 * MINUTE


def right_time(history: History) -> CheckResult:
    """Early and late messages of campaigns; repeats and wrong texts are judged by the first message."""
    book = ledger(history)
    met = [fate for fate in with_a_time(book) if fate.obligation.trigger is None]
    if met and not book.timed:
        unseen = not_observed(history, _ID, f"{len(met):,} send times")
        return CheckResult(looked_at=len(met), unit="send times", findings=(unseen,))
    last = latest(history)
    off = [fate for fate in met if lateness(fate.deliveries[0].send_at, fate.obligation.due, last(fate.obligation))]
    rushed = _rushed(history, off, met)
    findings = [_off(fate, last(fate.obligation), rushed=_campaign(fate) in rushed) for fate in off]
    return CheckResult(looked_at=len(met), unit="send times", findings=tuple(findings))


def with_a_time(book: Ledger) -> list[RecipientResult]:
    """What was owed and was sent, whenever that was."""
    return [fate for fate in book.fates if fate.obligation.owed and fate.deliveries and fate.name != "pending"]


def _rushed(history: History, off: Sequence[RecipientResult], met: Sequence[RecipientResult]) -> set[CampaignKey]:
    """Campaigns of which something was early, and all went out right after the bridge had heard of them."""
    first_heard = heard(history)
    early = {_campaign(fate) for fate in off if fate.deliveries[0].send_at < fate.obligation.due}
    some = (fate for fate in met if _campaign(fate) in early)
    return early - {_campaign(fate) for fate in some if not _at_once(fate, first_heard(fate.obligation))}


def _at_once(fate: RecipientResult, first_heard: int | None) -> bool:
    return first_heard is not None and 0 <= fate.deliveries[0].send_at - first_heard <= LATE_AFTER


def _campaign(fate: RecipientResult) -> CampaignKey:
    return fate.obligation.campaign, fate.obligation.channel


def zone_offset(offset: int) -> int | None:
    """The distance of a time zone from UTC that this is, in milliseconds without sign, or None."""
    nearest = round(abs(offset) / (15 * MINUTE)) * 15 * MINUTE
    near = abs(abs(offset) - nearest) <= _ZONE_TOLERANCE
    return nearest if near and nearest in _ZONE_OFFSETS else None


def _off(fate: RecipientResult, last: int, *, rushed: bool) -> Finding:
    due, sent = fate.obligation.due, fate.deliveries[0].send_at
    held_up = last - due - LATE_AFTER
    until = f"at most {span(LATE_AFTER)} after" + (f", and {span(held_up)} for what faults held up" if held_up else "")
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=_cause(sent - due, held_up=held_up, rushed=rushed),
        expected=f"sent at {spoken(due)}, {until}",
        got=f"sent at {spoken(sent)}, {span(sent - due)} {_direction(sent - due)}",
        where=of_obligation(fate.obligation),
        at=sent,
    )


def _cause(offset: int, *, held_up: int, rushed: bool) -> str:
    """What most likely went wrong."""
    if offset < 0 and rushed:
        return "early: sent as soon as the campaign was announced, as if it had no scheduled time"
    zone = zone_offset(offset)
    if zone is not None:
        return f"sent at local time: exactly {span(zone)} {_direction(offset)}, as if local time were UTC"
    if offset < 0:
        return "early: sent before it was due"
    even = ", even with the time that faults took" if held_up else ""
    return f"late: sent more than {span(LATE_AFTER)} after it was due{even}"


def _direction(offset: int) -> str:
    return "early" if offset < 0 else "late"


def not_observed(history: History, check: str, what: str) -> Finding:
    """Times of a bridge that lived by another clock than the sandbox: neither right nor wrong."""
    clock = history.header.clock
    rate = f" at rate {clock.rate:g}" if clock.rate not in {None, 1} else ""
    return Finding(
        check=check,
        level="unknown",
        blame="config",
        cause="the bridge did not live by the clock of the sandbox, so its times say nothing",
        expected="a bridge that parks on the virtual clock, or a sandbox in real time",
        got=f"a {clock.mode} clock{rate} without the bridge, and {what}",
    )


CHECKS = (
    Check(
        id=_ID,
        title="Messages go out at the scheduled UTC time",
        requirement=RIGHT_TIME,
        run=right_time,
        applies=is_owed_a_campaign,
        asked_of="runs with scheduled campaigns in which a message is owed",
    ),
)
