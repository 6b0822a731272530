"""What somebody posts, read as a JSON object: whoever knows the address may post anything."""

import json
from typing import Any

# Fewer opening brackets cannot be nested too deeply for anything.
_DEEP = 100
_TOO_DEEP = "expected a JSON object, got one that is nested too deeply"


def json_object(body: bytes) -> dict[str, Any]:
    """The object; `ValueError` when it is none, is nested too deeply, or holds text that no database can store."""
    try:
        said = json.loads(body)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except ValueError as error:
        raise ValueError(f"expected a JSON object, got something else: {error}") from error
    if not isinstance(said, dict):
        raise ValueError(f"expected a JSON object, got {type(said).__name__}")  # noqa: TRY004 one kind of error
    if b"\\u" in body or body.count(b"[") + body.count(b"{") > _DEEP:
        _must_be_storable(said)
    return said


def _must_be_storable(said: object) -> None:
    """Half of a pair of escapes is no character; and what can be read is not always shallow enough to be written."""
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"expected text, got half a character: {error}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
