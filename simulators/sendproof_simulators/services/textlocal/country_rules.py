"""What an account may say, in whose name, and when: the rules of the two countries.

documented: India takes six letters that were approved, and texts of 766 characters, http://www.sms7.biz/sms-api/asp_api.aspx;
each text must match an approved template, the Textlocal Templates Guide. observed: code 80, CPAN
SMS::Send::IN::Textlocal; that 192 speaks of 9 am to 9 pm.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, Instant
from sendproof_simulators.core.messaging.phone import to_digits
from sendproof_simulators.core.messaging.sms import count_parts, is_gsm
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import RefusalError

CHARACTERS_MOST = 765
_INDIAN_CHARACTERS_MOST = 766
_UK_SENDER = re.compile(r"[A-Za-z0-9 ]{3,11}|[0-9]{1,13}")
_INDIAN_SENDER = re.compile(r"[A-Za-z]{6}")
_DIGITS_ONLY = re.compile(r"[1-9][0-9]{6,14}")
_NATIONAL = {"uk": ("44", re.compile(r"0([1-9][0-9]{8,9})")), "india": ("91", re.compile(r"0([6-9][0-9]{9})"))}

_IN_INDIA = 5 * HOUR + 30 * MINUTE
_OPENS, _CLOSES = 9 * HOUR, 21 * HOUR
_LEAST_AHEAD, _MOST_AHEAD = 15 * MINUTE, 365 * DAY

_PLACEHOLDER = re.compile(r'%%\|[A-Za-z0-9_ ]+?(?:\^\{[^}]*?"maxlength"\s*:\s*"(\d+)"[^}]*\}|\^\{[^}]*\})?%%')


def check_sender(context: SandboxContext, sender: str, approved: Iterable[str]) -> str:
    """The sender, or a refusal: none at all (44), or none that the country takes (43)."""
    if not sender:
        raise RefusalError(errors.NO_SENDER)
    if context.dialects["variant"] == "india":
        good = _INDIAN_SENDER.fullmatch(sender) is not None and sender in approved
    else:
        good = _UK_SENDER.fullmatch(sender) is not None
    if not good:
        raise RefusalError(errors.BAD_SENDER)
    return sender


def check_text(context: SandboxContext, text: str, templates: Iterable[Template]) -> str:
    """The text as it may go out: not empty, not too long or cut, and in India an approved one."""
    if not text.strip():
        raise RefusalError(errors.NO_MESSAGE)
    india = context.dialects["variant"] == "india"
    most = _INDIAN_CHARACTERS_MOST if india else CHARACTERS_MOST
    if len(text) > most:
        if context.dialects["long_text"] == "refused":
            raise RefusalError(errors.TOO_LONG)
        text = text[:most]
    if india and not any(_approved(template.body).fullmatch(text) for template in templates):
        raise RefusalError(errors.NO_TEMPLATE)
    return text


def check_hour(context: SandboxContext, send_at: Instant) -> None:
    """Refuse what would go out at night in India."""
    if context.dialects["variant"] == "india" and not _OPENS <= (send_at + _IN_INDIA) % DAY < _CLOSES:
        raise RefusalError(errors.NOT_NOW, "texts go out between 9 am and 9 pm Indian time")


def check_schedule(context: SandboxContext, now: Instant, send_at: Instant) -> None:
    """Refuse a time that is too near or too far, where there are such limits."""
    limited = context.dialects["schedule_limits"] == "limited"
    if limited and not _LEAST_AHEAD <= send_at - now <= _MOST_AHEAD:
        raise RefusalError(errors.SCHEDULE_OUTSIDE)


def number_in(context: SandboxContext, given: str) -> str | None:
    """The digits of a number that is sent to, or None when Textlocal would not take it."""
    if _DIGITS_ONLY.fullmatch(given):
        return given
    if context.dialects["national_numbers"] == "understood":
        code, national = _NATIONAL[context.dialects["variant"]]
        found = national.fullmatch(given.replace(" ", ""))
        if found is not None:
            return code + found[1]
    return None if context.dialects["plus_numbers"] == "refused" else to_digits(given)


def as_sent(context: SandboxContext, text: str, *, unicode: bool) -> tuple[str, int]:
    """The text as it reaches the phone, and how many parts, or credits, it takes."""
    if not unicode and not is_gsm(text) and context.dialects["plain_unicode"] == "question_marks":
        text = "".join(character if is_gsm(character) else "?" for character in text)
    counted = count_parts(text, unicode=unicode)
    if counted.encoding == "ucs2" and context.dialects["unicode_parts"] == "70":
        return text, -(-counted.units // 70)
    return text, counted.parts


@lru_cache(maxsize=1_000)
def _approved(body: str) -> "re.Pattern[str]":
    """What a template allows: any text of at most its length in place of each placeholder."""
    pattern, at = "", 0
    for found in _PLACEHOLDER.finditer(body):
        pattern += re.escape(body[at : found.start()]) + f".{{0,{found[1] or 30}}}"
        at = found.end()
    return re.compile(pattern + re.escape(body[at:]), re.DOTALL)
