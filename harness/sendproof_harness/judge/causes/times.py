"""The cause of a wrong send time, found by comparing it with the time under each hypothesis."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, span
from sendproof_harness.judge.causes.dates import clock_changes, full_hour, midnight, swapped_date, utc
from sendproof_harness.judge.facts.deliveries.deadlines import first_notified
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key

# Zone offsets are whole or half hours from UTC, up to 14:00; three are 45 minutes past: 5:45, 8:45 and 12:45.
_ZONE_OFFSETS = frozenset(
    [*range(HOUR, 14 * HOUR + 1, HOUR // 2), *(hour * HOUR + 45 * MINUTE for hour in (5, 8, 12))],
)

# A bridge that waits for the wrong hour still needs a moment to send.
_ZONE_TOLERANCE = 1 * MINUTE
_NOON = 12
# A bridge that sends nothing by night begins again at one of these hours.
_MORNINGS, _EVENING = range(6, 11), 20

_LOCAL_TIME = "sent at local time"
IMMEDIATE = "early: sent as soon as the campaign was announced, as if it had no scheduled time"


def zone_offset(offset: int) -> int | None:
    """Return the absolute offset of the time zone that an offset in milliseconds matches, or None."""
    nearest = round(abs(offset) / (15 * MINUTE)) * 15 * MINUTE
    is_near = abs(abs(offset) - nearest) <= _ZONE_TOLERANCE
    return nearest if is_near and nearest in _ZONE_OFFSETS else None


def direction(offset: int) -> str:
    """Return the word for the sign of an offset from the due time."""
    return "early" if offset < 0 else "late"


# -- the messages of a campaign ---------------------------------------------------------------------


@dataclass(kw_only=True, slots=True, eq=False)
class SendTimes:
    """What the messages of one campaign show together.

    `offsets` are those of all messages by due time, in milliseconds, each rounded to a minute. `immediate` are the due
    times of parts that went out right after the event. `parts` are the send times of the campaign, `others` those of
    other campaigns.
    """

    offsets: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    delayed: set[int] = field(default_factory=set)
    parts: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()

    @property
    def zone(self) -> int | None:
        """The offset that all messages share, if a time zone has it; negative for early messages.

        If it leads to a time before the event, a message goes out at the event: less early than the others.
        """
        delayed = [offset for due in self.delayed for offset in self.offsets[due]]
        at_once = [offset for due, of_due in self.offsets.items() if due not in self.delayed for offset in of_due]
        nearest = {_nearest_zone(offset) for offset in delayed or at_once}
        zone = nearest.pop() if len(nearest) == 1 else None
        is_possible = zone is not None and (not delayed or all(offset >= zone for offset in at_once))
        return zone if is_possible else None

    @property
    def change_of_clocks(self) -> bool:
        """True if the offsets differ by exactly an hour before and after the clocks change in spring or autumn."""
        in_order = sorted((due, offset) for due, of_due in self.offsets.items() for offset in of_due)
        hours = [(due, _nearest_hour(offset)) for due, offset in in_order]
        changes = [(before, after) for before, after in pairwise(hours) if before[1] != after[1]]
        if len(changes) != 1:
            return False
        (before, offset_before), (after, offset_after) = changes[0]
        if offset_before is None or offset_after is None or abs(offset_after - offset_before) != HOUR:
            return False
        # The clocks change during the day; the hour after the change in spring is read as if before it.
        return any(before - DAY < change <= after for change in clock_changes(before))

    @property
    def has_several_zones(self) -> bool:
        """True if the offsets are those of several time zones."""
        nearest = {_nearest_zone(offset) for of_due in self.offsets.values() for offset in of_due}
        return len(nearest - {0}) > 1 and None not in nearest

    @property
    def held_until(self) -> int | None:
        """The hour of the morning at which all late messages went out that were due in the night before it, or None."""
        late = [(due, due + offset) for due, of_due in self.offsets.items() for offset in of_due if offset]
        hours = {round(sent % DAY / HOUR) for _, sent in late if _nearest_hour(sent % DAY) is not None}
        if len(hours) != 1 or hours.isdisjoint(_MORNINGS):
            return None
        (hour,) = hours
        is_held = all(
            0 < sent - due < DAY - (_EVENING - hour) * HOUR
            and (utc(due).hour >= _EVENING or utc(due).hour < hour)
            and abs(sent % DAY - hour * HOUR) <= LATE_AFTER
            for due, sent in late
        )
        return hour if is_held else None


def _nearest_zone(offset: int) -> int | None:
    """Return the signed offset of the time zone, 0 for a message in time, and None for any other offset."""
    if -EARLY_TOLERANCE <= offset <= _ZONE_TOLERANCE:
        return 0
    zone = zone_offset(offset)
    return None if zone is None else zone if offset > 0 else -zone


def _nearest_hour(offset: int) -> int | None:
    nearest = round(offset / HOUR) * HOUR
    return nearest if -_ZONE_TOLERANCE <= offset - nearest <= LATE_AFTER else None


def send_times(
    history: History, recipients: Sequence[RecipientResult], campaigns: Collection[CampaignKey]
) -> Mapping[CampaignKey, SendTimes]:
    """Return what the messages of these campaigns show together."""
    notified = first_notified(history)
    times = {
        campaign_key(campaign): frozenset(split.send_at for split in campaign.splits) for campaign in history.campaigns
    }
    found = {
        key: SendTimes(
            parts=times.get(key, frozenset()),
            others=frozenset(time for other, of_other in times.items() if other[0] != key[0] for time in of_other),
        )
        for key in campaigns
    }
    for recipient in recipients:
        of_campaign = found.get(campaign_key(recipient.obligation))
        if of_campaign is not None:
            due, sent_at = recipient.obligation.due, recipient.deliveries[0].send_at
            of_campaign.offsets[due].add(_to_minute(sent_at - due))
            if not _is_soon_after(sent_at, notified(recipient.obligation)):
                of_campaign.delayed.add(due)
    return found


def _to_minute(offset: int) -> int:
    """Round an offset, so that a million messages leave few values; one in time stays in time."""
    return 0 if -EARLY_TOLERANCE <= offset < 0 else round(offset / MINUTE) * MINUTE


def _is_soon_after(sent_at: int, start: int | None) -> bool:
    return start is not None and 0 <= sent_at - start <= LATE_AFTER


# -- hypotheses -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OffTime:
    """One message off its time, with what all messages of its campaign show."""

    due: int
    sent_at: int
    campaign: SendTimes

    @property
    def offset(self) -> int:
        """Milliseconds from due to sent; negative means early."""
        return self.sent_at - self.due

    def is_at(self, times: Iterable[int | None]) -> bool:
        """Return True if the message went out at one of these times, or right after it."""
        return any(
            time is not None and abs(time - self.due) > LATE_AFTER and 0 <= self.sent_at - time <= LATE_AFTER
            for time in times
        )


def _is_immediate(message: OffTime) -> bool:
    return message.offset < 0 and message.due not in message.campaign.delayed


def _local_time(message: OffTime) -> str | None:
    zone = message.campaign.zone
    if not zone or (len(message.campaign.offsets) == 1 and _is_immediate(message)):
        return None
    if _nearest_zone(_to_minute(message.offset)) != zone:
        return None
    cause = f"{_LOCAL_TIME}: exactly {span(abs(zone))} {direction(zone)}, as if local time were UTC"
    if abs(zone) == _NOON * HOUR and all(utc(due).hour >= _NOON for due in message.campaign.offsets):
        cause += ", or a 12-hour clock without am and pm"
    elif message.is_at(message.campaign.others):
        cause += ", or at the time of another campaign"
    elif message.campaign.held_until is not None:
        cause += f", or held back until {message.campaign.held_until}:00 UTC, as if by night"
    return cause


def _held_back(message: OffTime) -> str | None:
    hour = message.campaign.held_until
    return None if hour is None else f"late: held back until {hour}:00 UTC, as if no message may go out by night"


def _immediate(message: OffTime) -> str | None:
    if not _is_immediate(message):
        return None
    swapped = swapped_date(message.due)
    others = [
        "one in the past, with day and month swapped" if swapped is not None and swapped <= message.sent_at else "",
        "local time" if message.campaign.zone else "",
    ]
    return ", or ".join((IMMEDIATE, *filter(None, others)))


def _change_of_clocks(message: OffTime) -> str | None:
    if not message.campaign.change_of_clocks:
        return None
    hours = span(abs(round(message.offset / HOUR) * HOUR))
    return f"{_LOCAL_TIME}: exactly {hours} {direction(message.offset)} on one side of the change of clocks"


def _other_part(message: OffTime) -> str | None:
    if not message.is_at(message.campaign.parts - {message.due}):
        return None
    return f"{direction(message.offset)}: sent at the time of another part of the campaign"


def _other_campaign(message: OffTime) -> str | None:
    if not message.is_at(message.campaign.others):
        return None
    return f"{direction(message.offset)}: sent at the time of another campaign"


def _swapped_date(message: OffTime) -> str | None:
    return "day and month were swapped" if message.is_at([swapped_date(message.due)]) else None


def _seconds(message: OffTime) -> str | None:
    is_thousandth = abs(message.sent_at - message.due // 1000) <= SECOND
    return "the time in seconds was read as milliseconds" if is_thousandth else None


def _without_minutes(message: OffTime) -> str | None:
    return "early: the minutes of the time were dropped" if message.is_at([full_hour(message.due)]) else None


def _without_time(message: OffTime) -> str | None:
    if not message.is_at([midnight(message.due)]):
        return None
    return "early: sent at the beginning of the day, without the time of day"


def _twelve_hours(message: OffTime) -> str | None:
    if abs(message.offset + 12 * HOUR) > LATE_AFTER or utc(message.due).hour < _NOON:
        return None
    return "early: exactly 12 h, as on a 12-hour clock without am and pm"


def _other_day(message: OffTime) -> str | None:
    days = round(message.offset / DAY)
    if not days or not 0 <= message.offset - days * DAY <= LATE_AFTER:
        return None
    return f"{direction(message.offset)}: sent at the right time of another day"


def _several_zones(message: OffTime) -> str | None:
    if not message.campaign.has_several_zones or zone_offset(message.offset) is None:
        return None
    return "sent at local time: off by the offsets of several time zones, as if each customer had one"


#: The hypotheses, the most certain first.
_HYPOTHESES: tuple[Callable[[OffTime], str | None], ...] = (
    _local_time,
    _held_back,
    _immediate,
    _change_of_clocks,
    _other_part,
    _swapped_date,
    _seconds,
    _without_minutes,
    _without_time,
    _twelve_hours,
    _other_day,
    _other_campaign,
    _several_zones,
)


def time_cause(message: OffTime) -> str | None:
    """Return the most likely cause; None if the time fits no hypothesis."""
    return next((cause for hypothesis in _HYPOTHESES if (cause := hypothesis(message)) is not None), None)
