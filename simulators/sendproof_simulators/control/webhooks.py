"""The operations of `control.yaml` on webhooks: the log, what happens to them on the way, sending one again."""

from dataclasses import asdict

from sendproof_simulators.control.handlers import PLATFORM, ControlCall, ControlError, attempt
from sendproof_simulators.core.exchange import Reply, json_reply
from sendproof_simulators.core.outbox import WebhookPolicy


async def list_webhooks(call: ControlCall) -> Reply:
    """The newest webhooks with their attempts."""
    return json_reply(list(call.sandbox.outbox.log(call.params.get("service"), call.params.get("event"))))


async def list_webhook_policies(call: ControlCall) -> Reply:
    """The policies in force."""
    return json_reply([asdict(policy) for policy in call.sandbox.outbox.policies])


async def set_webhook_policy(call: ControlCall) -> Reply:
    """Put a policy in force."""
    policy = WebhookPolicy(**{"service": PLATFORM, **call.body})
    _check_service(call, policy.service)
    call.sandbox.outbox.set_policy(policy)
    return await list_webhook_policies(call)


async def resend_webhook(call: ControlCall) -> Reply:
    """Send a webhook once more."""
    service, key = call.body.get("service", PLATFORM), call.body["key"]
    _check_service(call, service)
    posted = attempt(lambda: call.sandbox.resend(service, key))
    return json_reply({"service": service, "key": key, "copy": posted.copies})


def _check_service(call: ControlCall, service: str) -> None:
    if service not in call.control.services:
        raise ControlError(404, f"{service!r} is not a service; there are: {', '.join(call.control.services)}")
