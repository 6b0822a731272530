"""The types of customer attributes, spelled as in Optimove's AddCustomerAttribute.

documented: https://developer.optimove.com/reference/post_customers-addcustomerattribute
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

_TYPE = re.compile(r"(DECIMAL\(19,4\)|INT|BIGINT|DATE|(N?VARCHAR)\(([1-9][0-9]{0,8})\))", re.IGNORECASE)


def normalize_type(text: str, maximum_length: int | None = None) -> str | None:
    """Return an attribute type in capitals without spaces, or None if there is no such type.

    `maximum_length` is that of a text type; None sets no limit.
    """
    match = _TYPE.fullmatch(text.replace(" ", ""))
    if match is None or (match[3] is not None and maximum_length is not None and int(match[3]) > maximum_length):
        return None
    return match[1].upper()


def fits(type_: str, value: str | None) -> bool:
    """Return True if an attribute of this type can have the value. Null is always possible."""
    if value is None:
        return True
    kind, _, length = type_.partition("(")
    return len(value) <= int(length[:-1]) if kind.endswith("VARCHAR") else _VALUE_CHECKS[kind](value)


def _integer_check(bits: int) -> Callable[[str], bool]:
    limit = 1 << (bits - 1)
    return lambda text: bool(re.fullmatch(r"-?[0-9]{1,19}", text)) and -limit <= int(text) < limit


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_VALUE_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "INT": _integer_check(32),
    "BIGINT": _integer_check(64),
    "DATE": _is_date,
    "DECIMAL": lambda text: bool(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", text)),
}
