"""What somebody posts, read as a JSON object: whoever knows the address may post anything."""

import json
from typing import Any


def json_object(body: bytes) -> dict[str, Any]:
    """The object; `ValueError` when it is none, is nested too deeply, or holds text that no database can store."""
    try:
        said = json.loads(body)
    except RecursionError as error:
        raise ValueError("expected a JSON object, got one that is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"expected a JSON object, got something else: {error}") from error
    if not isinstance(said, dict):
        raise ValueError(f"expected a JSON object, got {type(said).__name__}")  # noqa: TRY004 one kind of error
    _must_be_text(body)
    return said


def _must_be_text(body: bytes) -> None:
    """Half of a pair of escapes is no character."""
    if b"\\ud" in body.lower():
        try:
            json.dumps(json.loads(body), ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"expected text, got half a character: {error}") from error
