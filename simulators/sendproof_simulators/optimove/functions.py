"""What every function of Optimove has in common, around what is its own."""

from collections.abc import Callable
from functools import wraps

from sendproof_simulators.core.exchange import Outcome
from sendproof_simulators.optimove.errors import RefusedError, error
from sendproof_simulators.provider import Call


def function(handler: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
    """Turn what a handler refuses into Optimove's answer."""

    @wraps(handler)
    def answer(call: Call) -> Outcome:
        try:
            return handler(call)
        except RefusedError as refused:
            return Outcome(reply=error(refused.problem))

    return answer
