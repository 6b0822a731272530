"""Messages that a provider accepted and rejected later: a report counts them as sent until the bridge may know."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.history.timestamps import DAY, MINUTE
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE
from sendproof_harness.judge.facts.deliveries.template_changes import rejections_with_due_texts
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.facts.metrics import fresh_within
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# Between the webhook about a rejection and the total without the message, the webhook is stored.
_STORED_WITHIN = 15 * MINUTE
# A trigger may be noticed hours after its event, and a send may be repeated for hours.
_SENT_WITHIN = 1 * DAY
# The most digits of a country code, and the least by which a number is recognised: `44` is part of very many.
_COUNTRY_CODE_DIGITS, _LEAST_DIGITS = 3, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedSpan:
    """How long a rejected message may count as sent, with both ends."""

    since: int
    until: int


def may_count(history: History, obligation: Obligation) -> CountedSpan | None:
    """Return when the rejected message to a recipient may count as sent; None without such a message."""
    rejected = _rejected_later(history).get(_number(history, obligation), ())
    since = _sendable_since(history, obligation) if rejected else 0
    ends = [message.end for message in rejected if message.may_be_of(obligation, since)]
    return CountedSpan(since=since, until=max(ends)) if ends else None


def may_count_at(history: History, obligations: Iterable[Obligation], at: int) -> bool:
    """Return True if one of the messages that are due was rejected, and may count as sent at this time."""
    spans = (may_count(history, obligation) for obligation in obligations)
    return any(span is not None and span.since <= at <= span.until for span in spans)


@dataclass(frozen=True, kw_only=True, slots=True)
class _RejectedMessage:
    """A message that was rejected late, at `at`; from `end` on, no report may count it any more.

    It belongs to an obligation whose message could go out between `first` and `at`.
    """

    text: str
    first: int
    at: int
    end: int

    def may_be_of(self, obligation: Obligation, sendable_since: int) -> bool:
        return self.first <= sendable_since <= self.at and obligation.text in {None, self.text}


@cached_per_history
def _rejected_later(history: History) -> Mapping[str, Sequence[_RejectedMessage]]:
    """Return the messages that were rejected late, by number."""
    late = _late_rejections(history)
    told, without_message = (_told(history), _without_message(history)) if late else ({}, {})
    return {
        number: [
            _RejectedMessage(text=rejection.text, first=first, at=rejection.at, end=_end(history, rejection, told))
            for rejection, first in _with_first(history, rejections, without_message.get(number, ()))
        ]
        for number, rejections in late.items()
    }


def _with_first(
    history: History, rejections: Sequence[Rejection], obligations: Sequence[Obligation]
) -> Iterator[tuple[Rejection, int]]:
    """Yield the rejections of one number with the earliest time at which their message could go out.

    In order of time, each belongs to the last obligation that still lacks one, or to any other of the last day. Without
    times to judge, it may belong to any.
    """
    by_text: defaultdict[str, list[Rejection]] = defaultdict(list)
    for rejection in rejections:
        by_text[rejection.text].append(rejection)
    for text, same_text in by_text.items():
        own = (obligation for obligation in obligations if obligation.text in {None, text})
        later = sorted((_sendable_since(history, obligation) for obligation in own), reverse=True)
        still_open: list[int] = []
        for rejection in sorted(same_text, key=lambda rejection: rejection.at):
            while later and later[-1] <= rejection.at:
                still_open.append(later.pop())
            last = still_open.pop() if still_open else rejection.at
            yield rejection, min(last, rejection.at - _SENT_WITHIN) if times_are_meaningful(history) else 0


def _sendable_since(history: History, obligation: Obligation) -> int:
    """Return from when on the message could go out: from the announcement on, where no times are judged."""
    earliest = obligation.due - EARLY_TOLERANCE if times_are_meaningful(history) else 0
    return max(obligation.at, earliest)


def _without_message(history: History) -> Mapping[str, Sequence[Obligation]]:
    """Return the obligations whose message may be a rejected one, by number: no delivery belongs to them."""
    found: defaultdict[str, list[Obligation]] = defaultdict(list)
    for recipient in ledger(history).recipients:
        number = _number(history, recipient.obligation)
        if number in _late_rejections(history) and not recipient.deliveries:
            found[number].append(recipient.obligation)
    return found


@cached_per_history
def _late_rejections(history: History) -> Mapping[str, Sequence[Rejection]]:
    """Return the late rejections by number."""
    found: defaultdict[str, list[Rejection]] = defaultdict(list)
    for rejection in rejections_with_due_texts(history):
        if provider(rejection.service).rejects_late:
            found[rejection.number].append(rejection)
    return dict(found)


def _number(history: History, obligation: Obligation) -> str:
    return obligation.number or _unusable_number(history, obligation.raw_number)


def _unusable_number(history: History, raw_number: str | None) -> str:
    """Return the number to which the bridge sent although the client's record has no usable one; empty without any.

    A bridge may leave it to the provider to reject such a number, and may have put it in another form before.
    """
    numbers, digits = _numbers_of_nobody(history), _digits(raw_number or "")
    forms = (digits, digits.removeprefix("0"), digits.removeprefix("00"), digits.lstrip("0"))
    return next((numbers[form] for form in forms if form in numbers), "")


@cached_per_history
def _numbers_of_nobody(history: History) -> Mapping[str, str]:
    """Return late rejected numbers without a customer, by their digits without each possible country code."""
    usable = {obligation.number for obligation in history.obligations}
    numbers: dict[str, str] = {}
    for number in _late_rejections(history):
        digits = _digits(number) if number not in usable else ""
        for length in range(min(_COUNTRY_CODE_DIGITS, len(digits) - _LEAST_DIGITS) + 1):
            numbers.setdefault(digits[length:], number)
    return numbers


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdecimal())


def _end(history: History, rejection: Rejection, told: Mapping[str, int]) -> int:
    """Return until when the bridge may not know: it may poll in its own rhythm."""
    told_at = told.get(rejection.message or "")
    return told_at + _STORED_WITHIN if told_at is not None else rejection.at + fresh_within(history)


def _told(history: History) -> Mapping[str, int]:
    """Return, by message, when the bridge first acknowledged a webhook about a rejection."""
    told: dict[str, int] = {}
    for attempt in history.webhooks:
        if attempt.event == "rejected" and is_acknowledged(attempt):
            told.setdefault(message_of_webhook(attempt.key), attempt.at)
    return told
