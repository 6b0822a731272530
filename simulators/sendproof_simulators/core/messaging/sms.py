"""How many parts a text becomes on its way to a phone.

GSM 7-bit: 160 units in one part, 153 in each of several; a few characters take two units, which never stand in
different parts. Anything else makes the whole text UCS-2: 70 units, or 67 in each of several; a character beyond
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

_GSM_ALONE, _GSM_JOINED = 160, 153
_UCS2_ALONE, _UCS2_JOINED = 70, 67
_BASIC_PLANE_END = 0xFFFF


@dataclass(frozen=True, slots=True)
class Parts:
    """A text as it is sent: `encoding` is gsm or ucs2, `units` its length in that encoding."""

    encoding: str
    units: int
    parts: int


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM 7-bit alphabet or its extension."""
    return _NOT_GSM.search(text) is None


def count_parts(text: str, *, unicode: bool = False) -> Parts:
    """The parts of a text; `unicode` sends it as UCS-2 though GSM would do. An empty text is one part."""
    if not unicode and is_gsm(text):
        units = len(text) + len(_TWO_UNITS.findall(text))
        return Parts("gsm", units, _split(text, units, _is_extended, _GSM_ALONE, _GSM_JOINED))
    units = len(text) + sum(map(_is_beyond, text))
    return Parts("ucs2", units, _split(text, units, _is_beyond, _UCS2_ALONE, _UCS2_JOINED))


def _is_extended(character: str) -> bool:
    return character in _EXTENDED


def _is_beyond(character: str) -> bool:
    return ord(character) > _BASIC_PLANE_END


def _split(text: str, units: int, is_wide: Callable[[str], bool], alone: int, joined: int) -> int:
    if units <= alone:
        return 1
    if units == len(text):
        return -(-units // joined)
    parts, room = 1, joined
    for character in text:
        width = 2 if is_wide(character) else 1
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return parts
