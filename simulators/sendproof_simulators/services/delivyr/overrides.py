"""Triggered overrides: JSONata over an event of type 11. The result is merged over the message request.

documented: https://docs.delivyr.net/docs/optimove-triggered-overrides.

An expression is a program, and can run forever or fill the memory. So this module runs as a separate process
(`core/subprocess_eval.py`). There `$now`, `$millis` and `$random` come from the sandbox.
"""

import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from sendproof_simulators.core.subprocess_eval import write_result

# A hundredth of it is plenty for a mapping of fields.
_TIMEOUT_MS, _MAX_DEPTH = 1_000, 200


@cache
def _jsonata() -> ModuleType:
    """Import JSONata, but undo its effect on the process: it raises the recursion limit tenfold."""
    limit = sys.getrecursionlimit()
    import jsonata  # noqa: PLC0415 - only sandboxes with overrides need it

    sys.setrecursionlimit(limit)
    library: ModuleType = jsonata
    return library


def check_expression(text: str, limit: int) -> None:
    """Raise `ValueError` if the text is not JSONata, or longer than `limit` characters."""
    if len(text) > limit:
        raise ValueError(f"overrides: expected at most {limit} characters of JSONata, got {len(text)}")
    try:
        _jsonata().Jsonata(text)
    except Exception as error:  # noqa: BLE001 - its parser raises many kinds of exceptions
        raise ValueError(f"overrides: expected JSONata, got {text[:100]!r}: {error}") from None


def evaluate(arguments: Mapping[str, Any]) -> object:
    """Return the result of `expression` over `event`, with `now` (ISO), `millis` and `random` as given."""
    library = _jsonata()
    expression = library.Jsonata(arguments["expression"])
    frame = expression.create_frame()
    frame.set_runtime_bounds(_TIMEOUT_MS, _MAX_DEPTH)
    for name in ("now", "millis", "random"):
        frame.bind(name, library.Jsonata.JLambda(lambda *_, value=arguments[name]: value))
    return expression.evaluate(arguments["event"], frame)


def merge(request: Mapping[str, Any], overrides: Mapping[str, Any], *, deep: bool) -> dict[str, Any]:
    """Return the request with the overrides merged over it.

    An override replaces the whole value of its key. If `deep`, objects are merged key by key instead.
    """
    result = dict(request)
    for key, value in overrides.items():
        old = result.get(key)
        if deep and isinstance(old, dict) and isinstance(value, dict):
            result[key] = merge(old, value, deep=True)
        else:
            result[key] = value
    return result


if __name__ == "__main__":
    write_result(evaluate)
