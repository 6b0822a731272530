"""Phone numbers in plain spellings, recognised by the patterns in the metadata of phonenumbers.

Most numbers of a page are digits, perhaps with a plus, spaces, dashes or brackets, and belong to a mobile or a fixed
line. For them a few patterns give the result that phonenumbers gives, at a fraction of the cost. Each step follows the
step of `phonenumbers.parse` or `is_valid_number` with the same purpose. Wherever these would do more, such as convert
letters or insert an area code, the result is None: only phonenumbers can decide then.
"""

import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

# Characters that phonenumbers ignores wherever they are. Others may begin an extension.
_IGNORED = str.maketrans("", "", " -().")
# Far below the length that phonenumbers refuses.
_MAX_CHARS = 40
_CODE_LENGTHS = (1, 2, 3)
_REGIONS = {str(code): regions for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}
_NO_PATTERN = "(?!)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _NumberPlan:
    """The rules of a region, for digits without a country code.

    `general` matches possible numbers, which have one of `lengths`, and `line` the valid numbers of mobile and fixed
    lines. People dial `prefix` before numbers of the region, and `international_prefix` before those of others.
    """

    country_code: str
    lengths: frozenset[int]
    general: re.Pattern[str]
    line: re.Pattern[str]
    leading_digits: re.Pattern[str] | None
    prefix: re.Pattern[str]
    inserts_digits: bool
    international_prefix: re.Pattern[str]


def plain_number(text: str, region: str) -> str | None:
    """Return a valid number as digits with country code; None if only phonenumbers can decide.

    Two leading zeros mark an international number in every region.
    """
    if len(text) > _MAX_CHARS or not text.isascii():
        return None
    digits = text.translate(_IGNORED)
    if digits.startswith("+"):
        return _international_number(digits[1:])
    if text.startswith("00"):
        return _international_number(digits[2:])
    return _national_number(digits, region)


def _international_number(digits: str) -> str | None:
    code = _country_code(digits)
    plans = _plans(code) if code and digits.isdigit() else ()
    line = _line(digits[len(code) :], plans[0], plans) if plans else None
    return None if line is None else code + line


def _country_code(digits: str) -> str:
    """Return the country code that the number begins with, or an empty text. No code is the beginning of another."""
    for length in _CODE_LENGTHS:
        if digits[:length] in _REGIONS:
            return digits[:length]
    return ""


def _national_number(digits: str, region: str) -> str | None:
    plan = _plan(region) if region in SUPPORTED_REGIONS else None
    if plan is None or not digits.isdigit() or plan.international_prefix.match(digits):
        return None
    plans = _plans(plan.country_code)
    if digits.startswith(plan.country_code):
        if not plan.general.fullmatch(digits):
            return _number_without_plus(digits, plan, plans)
        if len(digits) > max(plan.lengths):
            return None
    line = _line(digits, plan, plans)
    return None if line is None else plan.country_code + line


def _number_without_plus(digits: str, plan: _NumberPlan, plans: tuple[_NumberPlan, ...]) -> str | None:
    """Return an international number of the region that no one could dial there, because it begins with the code."""
    rest = digits[len(plan.country_code) :]
    has_prefix = plan.prefix.match(rest) or plans[0].prefix.match(rest)
    return _international_number(digits) if plan.general.fullmatch(rest) and not has_prefix else None


def _line(digits: str, plan: _NumberPlan, plans: tuple[_NumberPlan, ...]) -> str | None:
    """Return the digits without the prefix that people dial, if one of the regions that share a code has the line."""
    prefix = plan.prefix.match(digits)
    if prefix is not None:
        if plan.inserts_digits and prefix.groups()[-1] is not None:
            return None
        digits = digits[prefix.end() :]
        if len(digits) not in plan.lengths or not plan.general.fullmatch(digits):
            return None
    for region in plans:
        if region.leading_digits is None:
            if region.line.fullmatch(digits):
                return digits
        elif region.leading_digits.match(digits):
            return digits if region.line.fullmatch(digits) else None
    return None


@cache
def _plans(code: str) -> tuple[_NumberPlan, ...]:
    """Return the plans of the regions that share a country code, in the order in which phonenumbers looks at them."""
    return tuple(plan for region in _REGIONS[code] if (plan := _plan(region)) is not None)


@cache
def _plan(region: str) -> _NumberPlan | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    general = metadata.general_desc if metadata else None
    if metadata is None or general is None or general.national_number_pattern is None:
        return None
    lines = "|".join(_pattern(desc) for desc in (metadata.mobile, metadata.fixed_line))
    return _NumberPlan(
        country_code=str(metadata.country_code),
        lengths=frozenset(general.possible_length),
        general=re.compile(general.national_number_pattern),
        line=re.compile(rf"(?={_pattern(general)}\Z)(?:{lines})"),
        leading_digits=re.compile(metadata.leading_digits) if metadata.leading_digits else None,
        prefix=re.compile(metadata.national_prefix_for_parsing or _NO_PATTERN),
        inserts_digits=bool(metadata.national_prefix_transform_rule),
        international_prefix=re.compile(metadata.international_prefix or _NO_PATTERN),
    )


def _pattern(desc: PhoneNumberDesc | None) -> str:
    """Return a pattern for a kind of numbers: of its digits, and of its lengths."""
    if desc is None or desc.national_number_pattern is None:
        return _NO_PATTERN
    lengths = "|".join(rf"\d{{{length}}}\Z" for length in desc.possible_length if length > 0)
    return f"(?:(?={lengths})(?:{desc.national_number_pattern}))" if lengths else _NO_PATTERN
