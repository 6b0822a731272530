"""The operations of `delivyr.yaml`, each for the account that the two headers name."""

from collections.abc import Callable
from functools import wraps

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import json_response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.delivyr import message_log, sending
from sendproof_simulators.services.delivyr.errors import NOT_FOUND, UNAUTHORIZED, RefusalError
from sendproof_simulators.services.delivyr.state import ACCOUNT, NAME
from sendproof_simulators.services.delivyr.templates import synchronised_name, variables_of

Handler = Callable[[Call], Effects]


def _for_the_account(handler: Handler) -> Handler:
    """The key is known by now; the account's id must be the one that belongs to it."""

    @wraps(handler)
    def checked(call: Call) -> Effects:
        try:
            _check_account(call)
            return handler(call)
        except RefusalError as refused:
            return Effects(response=refused.response, entries=refused.entries, summary={"refused": refused.code})

    return checked


def _check_account(call: Call) -> None:
    if call.params["x-account-id"] != call.context.credentials[NAME][ACCOUNT]:
        raise RefusalError(UNAUTHORIZED, "x-account-id is not the account that x-api-key belongs to")


@_for_the_account
def send_sms(call: Call) -> Effects:
    """One message by template (documented: https://docs.delivyr.net/docs/customer-io)."""
    return sending.send(call)


@_for_the_account
def list_messages(call: Call) -> Effects:
    """A page of the Message Log (documented that there is one: https://docs.delivyr.net/docs/optimove)."""
    return Effects(response=json_response(message_log.page(call.state, call.params)))


@_for_the_account
def get_message(call: Call) -> Effects:
    """One entry of the Message Log (assumed)."""
    message = call.state.messages.get(call.params["message_id"])
    if message is None:
        raise RefusalError(NOT_FOUND, f"there is no message {call.params['message_id']!r}")
    return Effects(response=json_response(message_log.entry(message)))


@_for_the_account
def list_templates(call: Call) -> Effects:
    """Every template (assumed: Delivyr's own integration reads them from within)."""
    templates = [
        {
            "id": str(template.id),
            "name": template.title,
            "synchronised_name": synchronised_name(template),
            "body": template.body,
            "variables": list(variables_of(template.body)),
            "url": call.state.urls.get(template.id),
        }
        for template in call.state.templates.values()
    ]
    return Effects(response=json_response({"templates": templates}), summary={"templates": len(templates)})
