"""The operations of `control.yaml` on a sandbox's clock: read, set its rate, advance, park, and leave."""

from collections.abc import Mapping

from sendproof_simulators.control.call import ControlCall, ControlError, attempt, read_instant
from sendproof_simulators.core.clock.virtual_clock import NotQuietError
from sendproof_simulators.core.clock.wall_clock import LAST_INSTANT, YEARS, iso
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.sandbox import Sandbox


async def get_clock(call: ControlCall) -> Response:
    """Return the clock."""
    return json_response(clock_json(call.sandbox))


async def set_clock_rate(call: ControlCall) -> Response:
    """Let virtual time pass by itself, or stop it, and return the clock."""
    rate = call.body["rate"]
    attempt(lambda: call.sandbox.clock.set_rate(rate))
    _record_on_clock(call, {"action": "rate", "rate": rate})
    return json_response(clock_json(call.sandbox))


async def advance_clock(call: ControlCall) -> Response:
    """Advance virtual time, and return the clock at the target."""
    sandbox, body = call.sandbox, call.body
    to = read_instant(body["to"]) if "to" in body else sandbox.clock.now() + body["by_ms"]
    if to > LAST_INSTANT:
        raise ControlError(409, f"expected a target before the year {YEARS.stop}, got one {to - LAST_INSTANT} ms later")
    _record_on_clock(call, {"action": "advance", "to": iso(to)})
    try:
        await sandbox.clock.advance(to, call.value("timeout_s"))
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    except NotQuietError as error:
        raise ControlError(504, str(error), answering=error.answering) from None
    return json_response(clock_json(sandbox))


async def park_clock(call: ControlCall) -> Response:
    """Wait until an instant, or until a webhook was delivered."""
    clock, name = call.sandbox.clock, call.body["participant"]
    if name not in clock.participants:
        _record_on_clock(call, {"action": "joined", "participant": name})
    until = None if call.body.get("until") is None else read_instant(call.body["until"])
    reason = await clock.park(name, until, call.body["since"])
    return json_response({"now": iso(clock.now()), "delivered": clock.delivered, "reason": reason})


async def leave_clock(call: ControlCall) -> Response:
    """Remove a participant, so that time no longer waits for it."""
    clock, name = call.sandbox.clock, call.params["participant"]
    attempt(lambda: clock.dismiss(name))
    _record_on_clock(call, {"action": "left", "participant": name})
    return Response(status=204, content_type="")


def _record_on_clock(call: ControlCall, fields: Mapping[str, object]) -> None:
    """Record an entry in the journals of all sandboxes on this clock."""
    for sandbox in call.control.sandboxes.on_clock_of(call.sandbox):
        sandbox.record("clock", fields)


def clock_json(sandbox: Sandbox) -> dict[str, object]:
    """Return a sandbox's clock as JSON."""
    clock = sandbox.clock
    due = clock.next_due()
    return {
        "now": iso(clock.now()),
        "mode": clock.mode,
        "rate": clock.rate,
        "advancing": clock.advancing,
        "delivered": clock.delivered,
        "in_flight": clock.in_flight + clock.outgoing,
        "participants": [
            {
                "name": p.name,
                "parked": clock.parked(p),
                "until": None if p.until is None else iso(p.until),
                "idle_wake_ups": p.idle_wake_ups,
            }
            for p in clock.participants.values()
        ],
        "next": None if due is None else iso(due),
    }
