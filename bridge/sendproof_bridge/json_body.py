"""JSON bodies of webhooks. Any client that knows the URL can post anything, so nothing is taken for granted."""

import json
from collections.abc import Mapping
from typing import Any

# A body with fewer opening brackets cannot be nested too deeply.
_SAFE_BRACKETS = 100
_TOO_DEEP = "expected a JSON object, got one that is nested too deeply"


def json_object(body: bytes) -> dict[str, Any]:
    """Return the decoded object.

    Raises `ValueError` if the body is no JSON object, is nested too deeply, or has text that a database cannot store.
    """
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except ValueError as error:
        raise ValueError(f"expected a JSON object, got something else: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")  # noqa: TRY004 one kind of error
    if b"\\u" in body or body.count(b"[") + body.count(b"{") > _SAFE_BRACKETS:
        _check_storable(value)
    return value


def lowercase_keys(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object with lower-case names: the case of Optimove's names varies between sources."""
    return {name.lower(): member for name, member in value.items()}


def _check_storable(value: object) -> None:
    """Refuse half a surrogate pair, which is no character, and objects that can be read but not written."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"expected text, got half a character: {error}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
