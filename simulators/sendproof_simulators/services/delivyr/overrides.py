"""Triggered overrides: JSONata over an event of type 11, whose result is merged over the message request.

documented: https://docs.delivyr.net/docs/optimove-triggered-overrides.

An expression is a program, and can run for ever or fill the memory. So the module is run as a process of its own
(`core/confined.py`); within it, `$now`, `$millis` and `$random` come from the sandbox.
"""

import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from sendproof_simulators.core.subprocess_eval import answer_on_stdout

MAX_EXPRESSION = 10_000
# A hundredth of it is plenty for a mapping of fields.
_STEPS_MS, _DEPTH = 1_000, 200


@cache
def _library() -> ModuleType:
    """JSONata, without what it does to its whole process: it lets every recursion go ten times as deep."""
    limit = sys.getrecursionlimit()
    import jsonata  # noqa: PLC0415 - only who has overrides needs it

    sys.setrecursionlimit(limit)
    library: ModuleType = jsonata
    return library


def check_expression(text: str) -> None:
    """`ValueError` when it is no JSONata, or too long to be an override."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"overrides: expected at most {MAX_EXPRESSION} characters of JSONata, got {len(text)}")
    try:
        _library().Jsonata(text)
    except Exception as error:  # noqa: BLE001 - its parser raises whatever its own code runs into
        raise ValueError(f"overrides: expected JSONata, got {text[:100]!r}: {error}") from None


def evaluate(asked: Mapping[str, Any]) -> object:
    """The result of `expression` over `event`, with `now` (ISO and milliseconds) and `random` given."""
    library = _library()
    expression = library.Jsonata(asked["expression"])
    frame = expression.create_frame()
    frame.set_runtime_bounds(_STEPS_MS, _DEPTH)
    for name in ("now", "millis", "random"):
        frame.bind(name, library.Jsonata.JLambda(lambda *_, value=asked[name]: value))
    return expression.evaluate(asked["event"], frame)


def merged(request: Mapping[str, Any], overrides: Mapping[str, Any], *, deep: bool) -> dict[str, Any]:
    """The request with the overrides over it: the whole of each key, or, `deep`, objects key by key."""
    result = dict(request)
    for key, value in overrides.items():
        old = result.get(key)
        both = deep and isinstance(old, dict) and isinstance(value, dict)
        result[key] = merged(old, value, deep=True) if both and isinstance(old, dict) else value
    return result


if __name__ == "__main__":
    answer_on_stdout(evaluate)
