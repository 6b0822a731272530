"""The operations of `control.yaml` on webhooks: the log, and sending one again."""

from sendproof_simulators.control.handlers import PLATFORM, ControlCall, ControlError, attempt
from sendproof_simulators.core.http import Response, json_response


async def list_webhooks(call: ControlCall) -> Response:
    """The newest webhooks with their attempts."""
    return json_response(list(call.sandbox.dispatcher.outbox.log(call.params.get("service"), call.params.get("event"))))


async def resend_webhook(call: ControlCall) -> Response:
    """Send a webhook once more."""
    service, key = call.body.get("service", PLATFORM), call.body["key"]
    _check_service(call, service)
    posted = attempt(lambda: call.sandbox.dispatcher.resend(service, key))
    return json_response({"service": service, "key": key, "copy": posted.copies})


def _check_service(call: ControlCall, service: str) -> None:
    if service not in call.control.services:
        raise ControlError(404, f"{service!r} is not a service; there are: {', '.join(call.control.services)}")
