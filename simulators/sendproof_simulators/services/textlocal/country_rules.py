"""The rules of the two countries: allowed senders, texts, numbers and times.

documented: India takes six approved letters as a sender, and texts of 766 characters,
http://www.sms7.biz/sms-api/asp_api.aspx; each text must match an approved template, the Textlocal Templates Guide.
observed: code 80, CPAN SMS::Send::IN::Textlocal; that the text of 192 names 9 am to 9 pm.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, Instant
from sendproof_simulators.core.messaging.phone import to_digits
from sendproof_simulators.core.messaging.sms import count_parts, is_gsm
from sendproof_simulators.core.simulator import Call, SandboxContext, Template
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.limits import TextlocalLimits

_DIGITS_ONLY = re.compile(r"[1-9][0-9]{6,14}")
_NATIONAL = {"uk": ("44", re.compile(r"0([1-9][0-9]{8,9})")), "india": ("91", re.compile(r"0([6-9][0-9]{9})"))}

_INDIAN_UTC_OFFSET = 5 * HOUR + 30 * MINUTE

# The properties of a placeholder begin no other: a template with very many beginnings takes no longer than others.
_PLACEHOLDER = re.compile(r"%%\|[A-Za-z0-9_ ]++(?:\^\{(?:(?!%%\|)[^}])*+\})?%%")
_MAXLENGTH = re.compile(r'"maxlength"\s*+:\s*+"([0-9]{1,9})"')
# The characters of a placeholder: more than the longest message, and those without a maximum length of its own.
_LONGEST_VALUE, _USUAL_LENGTH = 2_000, 30


def check_sender(context: SandboxContext, sender: str, approved: Iterable[str]) -> str:
    """Return the sender; raise `ApiError` for none (44), or for one that the country does not allow (43)."""
    if not sender:
        raise ApiError(errors.NO_SENDER)
    limits: TextlocalLimits = context.limits
    is_approved = context.dialects["variant"] != "india" or sender in approved
    if not is_approved or re.fullmatch(limits.sender_pattern, sender) is None:
        raise ApiError(errors.BAD_SENDER)
    return sender


def check_text(call: Call, text: str) -> str:
    """Return the text that may be sent; raise `ApiError` if no text may be sent.

    An empty text is refused. One that is too long is refused or cut. In India it must match a template.
    """
    if not text.strip():
        raise ApiError(errors.NO_MESSAGE)
    context, limit = call.context, call.context.limits.message_characters[call.operation]
    if len(text) > limit:
        if context.dialects["long_text"] == "refused":
            raise ApiError(errors.TOO_LONG)
        text = text[:limit]
    templates = call.state.templates.values()
    if context.dialects["variant"] == "india" and not matches_template(text, templates):
        raise ApiError(errors.NO_TEMPLATE)
    return text


def matches_template(text: str, templates: Iterable[Template]) -> bool:
    """Return True if a text can be made from one of these templates."""
    return any(_is_made_from(template.body, text) for template in templates)


def check_hour(context: SandboxContext, send_at: Instant) -> None:
    """Raise `ApiError` for a message that would go out at night in India."""
    if context.dialects["variant"] != "india":
        return
    begin, end = context.limits.sending_hours
    if not begin <= (send_at + _INDIAN_UTC_OFFSET) % DAY < end:
        hours = f"{begin // HOUR}:00 and {end // HOUR}:00"
        raise ApiError(errors.NOT_NOW, f"texts go out between {hours} Indian time")


def check_schedule(call: Call, send_at: Instant) -> None:
    """Raise `ApiError` for a time that is too near or too far, if the sandbox has such limits."""
    limits: TextlocalLimits = call.context.limits
    least, most = (by.get(call.operation) for by in (limits.schedule_notice_ms, limits.schedule_ahead_ms))
    ahead = send_at - call.now
    if (least is not None and ahead < least) or (most is not None and ahead > most):
        raise ApiError(errors.SCHEDULE_OUTSIDE)


def to_number(context: SandboxContext, raw_number: str) -> str | None:
    """Return the digits of a recipient's number with country code, or None if Textlocal does not take it."""
    if _DIGITS_ONLY.fullmatch(raw_number):
        return raw_number
    if context.dialects["national_numbers"] == "understood":
        code, national = _NATIONAL[context.dialects["variant"]]
        match = national.fullmatch(raw_number.replace(" ", ""))
        if match is not None:
            return code + match[1]
    return None if context.dialects["plus_numbers"] == "refused" else to_digits(raw_number)


def sent_text_and_parts(context: SandboxContext, text: str, *, unicode: bool) -> tuple[str, int]:
    """Return the text as the phone receives it, and its number of parts, which is its price in credits."""
    if not unicode and not is_gsm(text) and context.dialects["plain_unicode"] == "question_marks":
        text = "".join(character if is_gsm(character) else "?" for character in text)
    counted = count_parts(text, unicode=unicode)
    if counted.encoding == "ucs2" and context.dialects["unicode_parts"] == "70":
        return text, -(-counted.units // 70)
    return text, counted.parts


@lru_cache(maxsize=1_000)
def _template_parts(body: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the fixed parts of a template, and the most characters of each placeholder between them."""
    fixed, lengths, position = [], [], 0
    for match in _PLACEHOLDER.finditer(body):
        length = _MAXLENGTH.search(match[0])
        fixed.append(body[position : match.start()])
        lengths.append(min(int(length[1]), _LONGEST_VALUE) if length else _USUAL_LENGTH)
        position = match.end()
    return (*fixed, body[position:]), tuple(lengths)


def _is_made_from(body: str, text: str) -> bool:
    """Return True if a text can be made from a template: each placeholder allows any text up to its maximum length.

    The places that the parts so far can end at are the bits of one number. A regular expression would try every way to
    divide the text, and a template of placeholders alone has more of them than a text has characters, many times over.
    """
    (first, *others), lengths = _template_parts(body)
    longest = len(first) + sum(map(len, others)) + sum(lengths)
    if len(text) > longest or not text.startswith(first):
        return False
    ends = 1 << len(first)
    for part, length in zip(others, lengths, strict=True):
        starts = _spread(ends, min(length, len(text)))
        ends = (starts & _places(part, text)) << len(part)
    return bool(ends >> len(text) & 1)


def _spread(places: int, most: int) -> int:
    """Return the places that are up to `most` characters after others, as bits."""
    reached = 0
    while reached < most:
        step = min(reached + 1, most - reached)
        places |= places << step
        reached += step
    return places


def _places(part: str, text: str) -> int:
    """Return the places of a part in a text as bits."""
    if not part:
        return (1 << len(text) + 1) - 1
    found, place = 0, text.find(part)
    while place >= 0:
        found |= 1 << place
        place = text.find(part, place + 1)
    return found
