"""Short links: created by `create_shorturl`, or put into a text in place of its URLs.

observed: the command and that `url` is its only parameter, the Python client textlocal-pro on PyPI; the codes 185 and
186, https://github.com/shailahir/textlocal-api; that clients read `shorturl` as text. assumed: the form of a link.
"""

import re
from urllib.parse import urlsplit

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command
from sendproof_simulators.services.textlocal.state import NAME

_BASE_URL = "https://tx.example/"
_TOKEN_LENGTH = 6
_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"]+")


@command
def create_shorturl(call: Call, fields: Fields) -> CommandResult:
    """Return the short link to a URL; an equal URL has the same link.

    observed: the Python client textlocal-pro on PyPI; the response is a dialect.
    """
    url = fields.get("url", "").strip()
    if not url:
        raise ApiError(errors.NO_URL)
    if not _is_web_url(url):
        raise ApiError(errors.BAD_URL)
    link = _short_link(call.context.random, url)
    is_object = call.context.dialects["shorturl_reply"] == "object"
    return CommandResult(value={"shorturl": {"url": url, "shorturl": link} if is_object else link})


def shorten(random: KeyedRandom, text: str) -> tuple[str, bool]:
    """Return the text with short links in place of its URLs, and True if it contains any."""
    text, count = _URL_IN_TEXT.subn(lambda match: _short_link(random, match[0]), text)
    return text, count > 0


def _short_link(random: KeyedRandom, url: str) -> str:
    return _BASE_URL + random.token(_TOKEN_LENGTH, NAME, "link", url)


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
