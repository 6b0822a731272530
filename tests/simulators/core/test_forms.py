"""Forms are decoded as by the library."""

from urllib.parse import parse_qsl, unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.contracts import parse_form
from sendproof_simulators.core.json_text import MOST_WIDE_BYTES, WIDE_CHARACTER_BYTES
from sendproof_simulators.core.percent_encoding import form_decoded

PIECES = (
    "%41",
    "%3d",
    "%C3%A9",
    "%e9",
    "%",
    "%%",
    "%4",
    "%zz",
    "+",
    "=",
    "&",
    "a",
    "\n",
    "\r",
    "=\n",
    "é",
    " ",
    "_",
    ".",
    "\0",
)


def decoded_by_library(raw: bytes) -> object:
    try:
        return parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError:
        return ValueError


def decoded(raw: bytes) -> object:
    try:
        return parse_form(raw)
    except ValueError:
        return ValueError


@given(raw=st.lists(st.sampled_from(PIECES)).map(lambda pieces: "".join(pieces).encode()) | st.binary())
def test_form_is_decoded_as_by_the_library(raw: bytes) -> None:
    """Invalid escapes stay as they are, and texts must be UTF-8."""
    assert decoded(raw) == decoded_by_library(raw)


@pytest.mark.parametrize("piece", ["%n", "%41%", "a%C3%A9", "é%%20", "%3D=+", "=\n \r\n%0A_ ", "%%%", "\t%9"])
@pytest.mark.parametrize("before", range(3))
def test_long_form_is_decoded_as_by_the_library(piece: str, before: int) -> None:
    """The library needs 100 bytes for each percent sign, so a long text is decoded in blocks of 64 kB."""
    raw = ("a" * before + piece * 30_000).encode()
    assert decoded(raw) == decoded_by_library(raw)
    assert form_decoded(raw.decode()) == unquote_plus(raw.decode())


def test_long_text_with_emoji_is_refused() -> None:
    """As a text of Python, each of its characters needs four bytes."""
    most = MOST_WIDE_BYTES // WIDE_CHARACTER_BYTES
    assert len(parse_form(b"a=%F0%9F%98%80" + b"a" * (most - 1))[0][1]) == most
    with pytest.raises(ValueError, match="texts with emoji need more than 16 MiB"):
        parse_form(b"a=%F0%9F%98%80" + b"a" * most)
    assert len(parse_form(b"a=" + b"a" * (most + 1))[0][1]) == most + 1


@given(fields=st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_encoded_form_is_decoded_to_the_same(fields: list[tuple[str, str]]) -> None:
    assert parse_form(urlencode(fields).encode()) == fields


@pytest.mark.parametrize("raw", [b"", b"&&", b"a", b"a=%zz&b=%41%", b"a=%%41", b"a=%3D%0A%0D+%2B"])
def test_unusual_form_is_decoded_as_by_the_library(raw: bytes) -> None:
    assert decoded(raw) == decoded_by_library(raw)
