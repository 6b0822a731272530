"""The number of SMS parts of a text.

GSM 7-bit: 160 units in one part, 153 in each of several. A few characters take two units, which are never split over
two parts. Any other character makes the whole text UCS-2: 70 units, or 67 in each of several parts; a character beyond
the basic plane takes two. documented: 3GPP TS 23.038 and TS 23.040.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"

_NOT_GSM = re.compile(f"[^{re.escape(_BASIC + _EXTENDED)}]")
_TWO_UNITS = re.compile(f"[{re.escape(_EXTENDED)}]")

_GSM_SINGLE, _GSM_MULTIPART = 160, 153
_UCS2_SINGLE, _UCS2_MULTIPART = 70, 67
_BASIC_PLANE_END = 0xFFFF


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a text: `encoding` is gsm or ucs2, `units` is the length in that encoding."""

    encoding: str
    units: int
    parts: int


def is_gsm(text: str) -> bool:
    """Return True if every character is in the GSM 7-bit alphabet or its extension."""
    return _NOT_GSM.search(text) is None


def count_parts(text: str, *, unicode: bool = False) -> Parts:
    """Return the parts of a text; `unicode` forces UCS-2. An empty text is one part."""
    if not unicode and is_gsm(text):
        units = len(text) + len(_TWO_UNITS.findall(text))
        return Parts("gsm", units, _split(text, units, _is_extended, _GSM_SINGLE, _GSM_MULTIPART))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Parts("ucs2", units, _split(text, units, _is_astral, _UCS2_SINGLE, _UCS2_MULTIPART))


def _is_extended(character: str) -> bool:
    return character in _EXTENDED


def _is_astral(character: str) -> bool:
    return ord(character) > _BASIC_PLANE_END


def _split(text: str, units: int, is_wide: Callable[[str], bool], single: int, multipart: int) -> int:
    if units <= single:
        return 1
    if units == len(text):
        return -(-units // multipart)
    parts, room = 1, multipart
    for character in text:
        width = 2 if is_wide(character) else 1
        if width > room:
            parts, room = parts + 1, multipart
        room -= width
    return parts
