"""Short links: made by `create_shorturl`, or put into a text in place of its addresses.

observed: the command and that `url` is its one parameter, the Python client textlocal-pro on PyPI; the codes 185 and
186, https://github.com/shailahir/textlocal-api. assumed: the reply, and how a short link looks.
"""

import re
from urllib.parse import urlsplit

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.responses import Answer, Fields
from sendproof_simulators.services.textlocal.state import NAME

_HOST = "https://tx.example/"
_LENGTH = 6
_MOST = 2_000
_IN_TEXT = re.compile(r"https?://[^\s<>\"]+")


def create_shorturl(call: Call, fields: Fields) -> Answer:
    """A short link to an address. The same address has the same link."""
    url = fields.get("url", "").strip()
    if not url:
        raise RefusalError(errors.NO_URL)
    if not _is_address(url):
        raise RefusalError(errors.BAD_URL)
    return Answer(value={"shorturl": {"url": url, "shorturl": short(call.context.random, url)}})


def short(random: KeyedRandom, url: str) -> str:
    """The short link to an address."""
    return _HOST + random.token(_LENGTH, NAME, "link", url)


def shortened(random: KeyedRandom, text: str) -> tuple[str, bool]:
    """The text with short links in place of its addresses, and whether it has any."""
    text, count = _IN_TEXT.subn(lambda found: short(random, found[0]), text)
    return text, count > 0


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return len(url) <= _MOST and parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
