"""The operations of `control.yaml` on the verdict of a running sandbox."""

from dataclasses import asdict

from sendproof_simulators.control.call import ControlCall, ControlError
from sendproof_simulators.control.states.judge_process import JudgeError
from sendproof_simulators.core.http import Response, json_response


async def get_verdict(call: ControlCall) -> Response:
    """Return the last verdict, with null members if there is none yet."""
    computed = call.control.judge.last(call.sandbox)
    return json_response(
        {"computed_at": None, "n": None, "verdict": None} if computed is None else asdict(computed),
    )


async def compute_verdict(call: ControlCall) -> Response:
    """Judge the sandbox as it is now, and return the verdict."""
    try:
        return json_response(asdict(await call.control.judge.judge(call.sandbox, call.control.own_url())))
    except JudgeError as error:
        raise ControlError(409, str(error)) from None
