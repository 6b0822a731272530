"""Messages that a provider accepted and rejected later: a report counts them as sent until the bridge may know."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.facts.metrics import fresh_within
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# Between the webhook about a rejection and the total without the message, the webhook is stored.
_STORED_WITHIN = 15 * MINUTE
# The most digits of a country code, and the least by which a number is recognised: `44` is part of very many.
_COUNTRY_CODE_DIGITS, _LEAST_DIGITS = 3, 5


def may_count_until(history: History, obligation: Obligation) -> int | None:
    """Return until when the rejected message to a recipient may count as sent; None without such a message."""
    rejected = _rejected_later(history).get(obligation.number or _unusable_number(history, obligation.raw_number), ())
    # An earlier rejection is that of an earlier message with the same text.
    own = (message for message in rejected if message.at >= obligation.at and obligation.text in {None, message.text})
    return max((message.end for message in own), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _RejectedMessage:
    """A message that was rejected late, at `at`; from `end` on, no report may count it any more."""

    text: str
    at: int
    end: int


def may_count_at(history: History, obligations: Iterable[Obligation], at: int) -> bool:
    """Return True if one of the messages that are due was rejected, and may still count as sent at this time."""
    ends = (may_count_until(history, obligation) for obligation in obligations)
    return any(end is not None and at <= end for end in ends)


@cached_per_history
def _rejected_later(history: History) -> Mapping[str, Sequence[_RejectedMessage]]:
    """Return the messages that were rejected late, by number."""
    found: defaultdict[str, list[_RejectedMessage]] = defaultdict(list)
    late = [rejection for rejection in history.rejections if provider(rejection.service).rejects_late]
    told = _told(history) if late else {}
    for rejection in late:
        end = _end(history, rejection, told)
        found[rejection.number].append(_RejectedMessage(text=rejection.text, at=rejection.at, end=end))
    return found


def _unusable_number(history: History, raw_number: str | None) -> str:
    """Return the number to which the bridge sent although the client's record has no usable one; empty without any.

    A bridge may leave it to the provider to reject such a number, and may have put it in another form before.
    """
    numbers, digits = _numbers_of_nobody(history), _digits(raw_number or "")
    forms = (digits, digits.removeprefix("0"), digits.removeprefix("00"), digits.lstrip("0"))
    return next((numbers[form] for form in forms if form in numbers), "")


@cached_per_history
def _numbers_of_nobody(history: History) -> Mapping[str, str]:
    """Return the numbers of nobody that were rejected late, by their digits without each possible country code."""
    usable = {obligation.number for obligation in history.obligations}
    numbers: dict[str, str] = {}
    for number in _rejected_later(history):
        digits = _digits(number) if number not in usable else ""
        for length in range(min(_COUNTRY_CODE_DIGITS, len(digits) - _LEAST_DIGITS) + 1):
            numbers.setdefault(digits[length:], number)
    return numbers


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdecimal())


def _end(history: History, rejection: Rejection, told: Mapping[str, int]) -> int:
    """Return the end of the time in which the bridge may not know: it may poll in its own rhythm."""
    told_at = told.get(rejection.message or "")
    return told_at + _STORED_WITHIN if told_at is not None else rejection.at + fresh_within(history)


def _told(history: History) -> Mapping[str, int]:
    """Return, by message, when the bridge first acknowledged a webhook about a rejection."""
    told: dict[str, int] = {}
    for attempt in history.webhooks:
        if attempt.event == "rejected" and is_acknowledged(attempt):
            told.setdefault(message_of_webhook(attempt.key), attempt.at)
    return told
