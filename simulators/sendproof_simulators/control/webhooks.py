"""The operations of `control.yaml` on webhooks: the log, and sending one again."""

from sendproof_simulators.control.call import PLATFORM, ControlCall, ControlError, attempt
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.suggestions import suggestion


async def list_webhooks(call: ControlCall) -> Response:
    """List the newest webhooks with their attempts, or the webhooks with one key."""
    log, service = call.sandbox.dispatcher.log, call.params.get("service")
    if "key" in call.params:
        return json_response(list(log.with_key(service, call.params["key"])))
    return json_response(list(log.as_json(service, call.params.get("event"), call.value("limit"))))


async def resend_webhook(call: ControlCall) -> Response:
    """Send a webhook again."""
    service, key = call.body.get("service", PLATFORM), call.body["key"]
    _check_service(call, service)
    # 409: the log of the sandbox exists, and does not contain the webhook now.
    logged = attempt(lambda: call.sandbox.dispatcher.resend(service, key), missing_status=409)
    return json_response({"service": service, "key": key, "copy": logged.copies})


def _check_service(call: ControlCall, service: str) -> None:
    if service not in call.control.services:
        raise ControlError(404, f"{service!r} is not a service; {suggestion(service, call.control.services)}")
